import { readdirSync, readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { eventCodecs } from '../../events/registry.ts';
import { oneOfEach } from '../support/sample-events.ts';

const test = suite('golden files');
const folder = 'test/golden/events';

test('there is one for every event', () => {
  const shipped = Object.values(eventCodecs).map(({ name }) => `${name}.json`);
  assert.equal(readdirSync(folder).sort(), shipped.sort());
});

test('each is decoded, and written the same', () => {
  for (const event of oneOfEach) {
    const golden = JSON.parse(readFileSync(`${folder}/${eventCodecs[event.type].name}.json`, 'utf8'));
    const decoded = decodeEnvelope(golden);
    assert.ok(either.isRight(decoded), event.type);
    assert.equal(decoded.right.event, event);
    assert.equal(JSON.parse(JSON.stringify(encodeEnvelope(decoded.right))), golden);
  }
});

test.run();
