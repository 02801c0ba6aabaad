import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, encodeEnvelope } from '../../events/envelope.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';

const test = suite('event envelope');

test('an envelope is restored from JSON', () => {
  for (const envelope of enveloped(oneOfEach)) {
    const json = JSON.parse(JSON.stringify(encodeEnvelope(envelope)));
    assert.equal(decodeEnvelope(json), either.right(envelope));
  }
});

test('64-bit numbers are strings and metadata is flat', () => {
  const [first] = enveloped(oneOfEach);
  assert.ok(first);
  const wire = encodeEnvelope(first);
  assert.is(wire.position, '1');
  assert.is(wire.time, '1000000000');
  assert.equal(wire.meta, { actor: 'test' });
});

test('a damaged envelope is refused with the path', () => {
  const [first] = enveloped(oneOfEach);
  assert.ok(first);
  const wire = encodeEnvelope(first);
  assert.equal(
    decodeEnvelope({ ...wire, position: 1 }),
    either.left('position: expected a decimal number in a string, found 1'),
  );
  assert.equal(decodeEnvelope({ ...wire, meta: { a: 1 } }), either.left('meta.a: expected string, found 1'));
  assert.ok(either.isLeft(decodeEnvelope('nonsense')));
});

test.run();
