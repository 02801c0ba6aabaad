import { either } from 'fp-ts';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Decimal, decodeText, decodeWith, MaybeId, Nanoseconds } from '../../events/codecs.ts';

const test = suite('event codecs');

test('Decimal accepts only whole numbers as strings', () => {
  assert.equal(Decimal.decode('42'), either.right(42));
  assert.equal(Decimal.decode('9007199254740991'), either.right(9007199254740991));
  for (const bad of ['', '-1', '01', '1.5', '9007199254740992', 7, null, undefined, {}])
    assert.ok(either.isLeft(Decimal.decode(bad)), String(bad));
  assert.is(Decimal.encode(42), '42');
  assert.ok(Decimal.is(0));
  assert.not(Decimal.is(-1));
  assert.not(Decimal.is('1'));
});

test('Nanoseconds keeps every digit', () => {
  const text = '1790000000123456789';
  const decoded = Nanoseconds.decode(text);
  assert.equal(decoded, either.right(1790000000123456789n));
  assert.is(Nanoseconds.encode(1790000000123456789n), text);
  assert.ok(either.isLeft(Nanoseconds.decode(1790000000)));
  assert.ok(Nanoseconds.is(1n));
});

test('MaybeId distinguishes no parent from a parent', () => {
  assert.equal(MaybeId.decode(null), either.right(null));
  assert.equal(MaybeId.decode('7'), either.right(7));
  assert.ok(either.isLeft(MaybeId.decode(7)));
  assert.is(MaybeId.encode(null), null);
  assert.is(MaybeId.encode(7), '7');
  assert.ok(MaybeId.is(null));
});

test('an error names the path, the expected type and the value', () => {
  const Outer = t.type({ inner: t.type({ id: Decimal, list: t.array(t.string) }) });
  assert.equal(
    decodeWith(Outer, { inner: { id: 5, list: [] } }),
    either.left('inner.id: expected a decimal number in a string, found 5'),
  );
  assert.equal(
    decodeWith(Outer, { inner: { id: '5', list: ['a', 1] } }),
    either.left('inner.list.1: expected string, found 1'),
  );
  assert.equal(decodeWith(t.string, 5n), either.left('input: expected string, found 5n'));
  assert.equal(decodeWith(t.number, undefined), either.left('input: expected number, found nothing'));
  const long = decodeWith(t.number, 'x'.repeat(500));
  assert.ok(either.isLeft(long) && long.left.length < 140 && long.left.endsWith('...'));
  const mute = new t.Type<string>('mute', t.string.is, () => either.left([]), String);
  assert.equal(decodeWith(mute, 1), either.left('not decodable'));
});

test('decodeText decodes JSON, and says what is wrong with the text or with the value', () => {
  assert.equal(decodeText(t.array(Decimal), '["1","2"]'), either.right([1, 2]));
  assert.equal(decodeText(Decimal, '1'), either.left('input: expected a decimal number in a string, found 1'));
  const broken = decodeText(Decimal, '{');
  assert.ok(either.isLeft(broken) && broken.left.startsWith('SyntaxError'));
});

test.run();
