import * as fc from 'fast-check';
import { either } from 'fp-ts';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeWith } from '../../events/codecs.ts';
import { quickDecoder } from '../../events/quick-decoder.ts';
import { encodeEvent, eventCodecs } from '../../events/registry.ts';
import { oneOfEach, withOptional } from '../support/sample-events.ts';

const test = suite('quick decoder');

/** The codec of every event, with plain JSON of such an event. */
const shipped = [...oneOfEach, ...Object.values(withOptional)].map((event) => {
  const data: unknown = JSON.parse(JSON.stringify(encodeEvent(event).data));
  const codec: t.Mixed = eventCodecs[event.type];
  return { codec, data };
});

test('decodes every event as its codec does', () => {
  for (const { codec, data } of shipped) assert.equal(quickDecoder(codec)(data), decodeWith(codec, data));
});

test('accepts and rejects any value in any field like the codec, with the same message', async () => {
  const strange = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('0', '01', '9007199254740993', 'active', 'toString', { a: 1 }, [], ['x'], '-1'),
  );
  for (const { codec, data } of shipped)
    await fc.assert(
      fc.property(fc.constantFrom(...Object.keys(data as object), 'more'), strange, (field, value) => {
        const input = { ...(data as object), [field]: value };
        assert.equal(quickDecoder(codec)(input), decodeWith(codec, input));
      }),
    );
});

test('accepts and rejects values that are no records like the codec', () => {
  for (const { codec } of shipped)
    for (const input of [null, [], 'text', 7, true, {}])
      assert.equal(quickDecoder(codec)(input), decodeWith(codec, input));
});

test('accepts and rejects values outside a union like the codec', () => {
  const codec = t.type({ usage: t.union([t.type({ bytes: t.string }), t.null]) });
  for (const input of [{ usage: { bytes: 'b' } }, { usage: null }, { usage: 7 }, { usage: { bytes: 7 } }])
    assert.equal(quickDecoder(codec)(input), decodeWith(codec, input));
});

test('changes no input, and copies only what decoding changes', () => {
  const codec = t.type({ name: t.string, more: t.record(t.string, t.number) });
  const input = Object.freeze({ name: 'n', more: { a: 1 } });
  const decoded = quickDecoder(codec)(input);
  assert.ok(either.isRight(decoded) && decoded.right.more === input.more);
  assert.equal(quickDecoder(t.type({ one: t.literal(1) }))({ one: 1 }), either.right({ one: 1 }));
});

test.run();
