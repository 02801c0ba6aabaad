import { readdirSync, readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { versions } from '../../events/registry.ts';
import { oneOfEach } from '../support/sample-events.ts';

const test = suite('events/golden');
const folder = 'test/golden/events';

test('every version that ever shipped has a golden file', () => {
  const shipped = Object.entries(versions).flatMap(([type, all]) =>
    all.map((_, index) => `${type}.v${index + 1}.json`),
  );
  assert.equal(readdirSync(folder).sort(), shipped.sort());
});

test('every golden file is still decoded, and the newest version is still written the same', () => {
  for (const event of oneOfEach) {
    const golden = JSON.parse(readFileSync(`${folder}/${event.type}.v${versions[event.type].length}.json`, 'utf8'));
    const decoded = decodeEnvelope(golden);
    assert.ok(either.isRight(decoded), event.type);
    assert.equal(decoded.right.event, event);
    assert.equal(JSON.parse(JSON.stringify(encodeEnvelope(decoded.right))), golden);
  }
});

test('a commit of the first version was flushed before it was recorded', () => {
  const decoded = decodeEnvelope(JSON.parse(readFileSync(`${folder}/SnapshotCommitted.v1.json`, 'utf8')));
  assert.ok(either.isRight(decoded) && decoded.right.event.type === 'SnapshotCommitted');
  assert.is(decoded.right.event.data.flushed, true);
});

test('a removal of the first version retained nothing', () => {
  const decoded = decodeEnvelope(JSON.parse(readFileSync(`${folder}/SnapshotRemoved.v1.json`, 'utf8')));
  assert.ok(either.isRight(decoded) && decoded.right.event.type === 'SnapshotRemoved');
  assert.is(decoded.right.event.data.retained, false);
});

test.run();
