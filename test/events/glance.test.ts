import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeEnvelope } from '../../events/envelope.ts';
import { glance } from '../../events/glance.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';

const test = suite('events/glance');

test('reads type, version and number off every event', () => {
  for (const envelope of enveloped(oneOfEach)) {
    const wire = encodeEnvelope(envelope);
    const [[first, value] = []] = Object.entries(wire.data as Record<string, unknown>);
    const id = first === 'id' ? Number(value) : 0;
    assert.equal(glance(JSON.stringify(wire)), { type: wire.type, id }, wire.type);
  }
});

test('is not misled by texts that look like what it looks for', () => {
  const [first] = enveloped(oneOfEach);
  assert.ok(first);
  const lure = '","type":"SnapshotRemoved.v2","data":{"id":"9"}';
  const wire = { ...encodeEnvelope(first), meta: { actor: lure }, data: { key: lure, labels: { [lure]: lure } } };
  assert.equal(glance(JSON.stringify(wire)), { type: 'StoreCreated.v1', id: 0 });
});

test('finds nothing in what is no envelope', () => {
  assert.equal(glance(''), { type: '', id: 0 });
  assert.is(glance('{"data":{"id":"x"}}').id, 0);
});

test.run();
