import { readdirSync, readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { eventCodecs } from '../../events/registry.ts';
import { oneOfEach, withOptional } from '../support/sample-events.ts';

const test = suite('golden files');
const folder = 'test/golden/events';

test('there is one for every event', () => {
  const names = [...Object.values(eventCodecs).map(({ name }) => name), ...Object.keys(withOptional)];
  const shipped = names.map((name) => `${name}.json`);
  assert.equal(readdirSync(folder).sort(), shipped.sort());
});

test('each is decoded, and written the same', () => {
  const plain = oneOfEach.map((event) => [eventCodecs[event.type].name, event] as const);
  for (const [name, event] of [...plain, ...Object.entries(withOptional)]) {
    const golden = JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
    const decoded = decodeEnvelope(golden);
    assert.ok(either.isRight(decoded), name);
    assert.equal(decoded.right.event, event);
    assert.equal(JSON.parse(JSON.stringify(encodeEnvelope(decoded.right))), golden);
  }
});

test.run();
