import { readdirSync, readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { versions } from '../../events/registry.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';

const test = suite('events/golden');
const folder = 'test/golden/events';

test('every version that ever shipped has a golden file', () => {
  const shipped = Object.entries(versions).flatMap(([type, all]) =>
    all.map((_, index) => `${type}.v${index + 1}.json`),
  );
  assert.equal(readdirSync(folder).sort(), shipped.sort());
});

test('every golden file is still decoded, and the newest version is still written the same', () => {
  for (const envelope of enveloped(oneOfEach)) {
    const { type } = envelope.event;
    const golden = JSON.parse(readFileSync(`${folder}/${type}.v${versions[type].length}.json`, 'utf8'));
    assert.equal(decodeEnvelope(golden), either.right(envelope));
    assert.equal(JSON.parse(JSON.stringify(encodeEnvelope(envelope))), golden);
  }
});

test.run();
