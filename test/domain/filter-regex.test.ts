import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRegex } from '../../src/domain/filter/regex/create-regex.ts';

const raw = String.raw;

/** Every text of `yes` is matched, none of `no`. */
function expect(pattern: string, yes: readonly string[], no: readonly string[]): void {
  const matches = createRegex(pattern);
  for (const text of yes) assert.ok(matches(text), `${pattern} on ${JSON.stringify(text)}`);
  for (const text of no) assert.not.ok(matches(text), `${pattern} not on ${JSON.stringify(text)}`);
}

const regex = suite('a regular expression');

regex('finds characters, alternatives and groups anywhere', () => {
  expect('b', ['abc'], ['ac', '']);
  expect('', ['', 'x'], []);
  expect('ab|cd|', [''], []);
  expect('^(ab|c(d|e))$', ['ab', 'cd', 'ce'], ['a', 'abc', 'c']);
  expect('^(?:a)(?P<n>b)(?<m>c)$', ['abc'], ['ab']);
});

regex('repeats', () => {
  expect('^a*b+c?$', ['b', 'aabbc'], ['ac', 'abcc']);
  expect('^a{2}$', ['aa'], ['a', 'aaa']);
  expect('^a{1,2}$', ['a', 'aa'], ['', 'aaa']);
  expect('^a{2,}$', ['aa', 'aaaa'], ['a']);
  expect('^a{0}$', [''], ['a']);
  expect('^(a*)*?b$', ['aab'], ['aac']);
  expect('^x{,2}$', ['x{,2}'], ['xx']);
});

regex('knows classes', () => {
  expect('^[a-c]$', ['a', 'c'], ['d', 'B']);
  expect('^[^a-c]$', ['d', '\n'], ['a']);
  expect('^[]a-]$', [']', 'a', '-'], ['b']);
  expect(raw`^[\d_]$`, ['1', '_'], ['a', '٣']);
  expect(raw`^\s$`, [' ', '\t', '\n'], ['\v', '\u00a0']);
  expect(raw`^\W$`, ['é', '-'], ['a', '_']);
  expect('^[[:alpha:][:^ascii:]]$', ['a', 'é'], ['1']);
  expect(raw`^\pL\p{Greek}\P{Lu}\p{^Lu}$`, ['éωaa'], ['éωAa', 'éaaa']);
});

regex('lets a dot be any character but a line end, and a character be a code point', () => {
  expect('^.$', ['a', '😀', '\r'], ['\n', 'ab']);
  expect('(?s)^.$', ['\n'], []);
});

regex('knows places', () => {
  expect('a$', ['a'], ['a\n', 'ab']);
  expect(raw`\Aa\z`, ['a'], ['ba', 'a\n']);
  expect('(?m)^b$', ['a\nb\nc'], ['ab', 'b\r']);
  expect(raw`\bcat\b`, ['a cat.'], ['cats']);
  expect(raw`a\Bb`, ['ab'], ['a b']);
});

regex('keeps flags to their group', () => {
  expect('(?i)^aB$', ['AB', 'ab'], []);
  expect('^(?i:a)b$', ['Ab'], ['AB']);
  expect('^((?i)a)b$', ['Ab'], ['AB']);
  expect('(?i)^a(?-i:b)$', ['Ab'], ['AB']);
  expect('(?i)^[^k]$', ['a'], ['K', '\u212a']);
});

regex('reads escapes', () => {
  expect(raw`^\.\*\x41\x{1F600}\101\n\Qa+b\E$`, ['.*A😀A\na+b'], ['.*A😀A\naab']);
});

for (const [pattern, why] of [
  ['(?=a)', /lookaround is not supported/],
  ['(?!a)', /lookaround is not supported/],
  ['(?<=a)b', /lookaround is not supported/],
  [raw`(a)\1`, /backreferences are not supported/],
  ['(?x)a', /unknown kind of group/],
  ['a**', /can't be repeated/],
  ['a{2}{3}', /can't be repeated/],
  ['*a', /nothing to repeat/],
  ['(|*)', /nothing to repeat/],
  ['a{1001}', /wrong count/],
  ['a{3,2}', /wrong count/],
  ['(a', /missing closing \)/],
  ['a)', /unexpected \)/],
  ['[a', /missing closing \]/],
  ['[b-a]', /out of order/],
  ['[[:foo:]]', /unknown class/],
  [raw`\p{Klingon}`, /no Unicode category or script/],
  [raw`\Z`, /unknown escape/],
  [raw`\C`, /unknown escape/],
  ['\\', /unknown escape/],
  ['(((a{100}){100}){100})', /too large/],
  ['(((){1000}){1000}){1000}', /too large/],
  ['('.repeat(2000), /nests too deeply/],
] as const)
  regex(`is refused as by RE2: ${pattern.slice(0, 30)}`, () => {
    assert.throws(() => createRegex(pattern), why);
  });

regex('takes linear time where a backtracking engine would not come back', () => {
  assert.not.ok(createRegex('^(a+)+(a|a)*$')(`${'a'.repeat(4000)}!`));
});

regex.run();
