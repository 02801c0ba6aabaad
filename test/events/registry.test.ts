import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEvent, encodeEvent, eventCodecs } from '../../events/registry.ts';
import { oneOfEach } from '../support/sample-events.ts';

const test = suite('registry');

test('the samples hold one event of each type', () => {
  assert.equal(oneOfEach.map(({ type }) => type).sort(), Object.keys(eventCodecs).sort());
});

test('decodes what it encoded', () => {
  for (const event of oneOfEach) {
    const wire = JSON.parse(JSON.stringify(encodeEvent(event)));
    assert.is(wire.type, `${event.type}.v1`);
    assert.equal(decodeEvent(wire), either.right(event));
  }
});

test('refuses an unknown type by its name', () => {
  const refused = decodeEvent({ type: 'SnapshotPainted.v1', data: {} });
  assert.ok(either.isLeft(refused) && refused.left.includes('"SnapshotPainted.v1"'));
  assert.throws(() => encodeEvent({ type: 'SnapshotPainted', data: {} } as never), /not in the registry/);
});

test('refuses wrong data with the type and the path', () => {
  const refused = decodeEvent({ type: 'UsageMeasured.v1', data: { id: '1', bytes: 5, inodes: '2' } });
  assert.equal(refused, either.left('UsageMeasured.v1: bytes: expected a decimal number in a string, found 5'));
});

test.run();
