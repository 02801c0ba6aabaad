import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSelectors } from '../../src/domain/filter/parse-selectors.ts';

const raw = String.raw;

/** The expression of a filter's `~=`, quoted as a client would. */
function createRegex(pattern: string): (text: string) => boolean {
  const [term] = parseSelectors(`name~=${JSON.stringify(pattern)}`);
  assert.is(term?.operator, '~=');
  return term?.operator === '~=' ? term.regex : () => false;
}

/** Every text of `yes` is matched, none of `no`. */
function expect(pattern: string, yes: readonly string[], no: readonly string[]): void {
  const matches = createRegex(pattern);
  for (const text of yes) assert.ok(matches(text), `${pattern} on ${JSON.stringify(text)}`);
  for (const text of no) assert.not.ok(matches(text), `${pattern} not on ${JSON.stringify(text)}`);
}

const regex = suite('a regular expression');

regex('matches characters, alternatives and groups anywhere', () => {
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

regex('supports character classes', () => {
  expect('^[a-c]$', ['a', 'c'], ['d', 'B']);
  expect('^[^a-c]$', ['d', '\n'], ['a']);
  expect('^[]a-]$', [']', 'a', '-'], ['b']);
  expect(raw`^[\d_]$`, ['1', '_'], ['a', '٣']);
  expect(raw`^\s$`, [' ', '\t', '\n'], ['\v', '\u00a0']);
  expect(raw`^\W$`, ['é', '-'], ['a', '_']);
  expect('^[[:alpha:][:^ascii:]]$', ['a', 'é'], ['1']);
  expect(raw`^\pL\p{Greek}\P{Lu}\p{^Lu}$`, ['éωaa'], ['éωAa', 'éaaa']);
});

regex('matches a dot with any code point except a line end', () => {
  expect('^.$', ['a', '😀', '\r'], ['\n', 'ab']);
  expect('(?s)^.$', ['\n'], []);
});

regex('supports anchors', () => {
  expect('a$', ['a'], ['a\n', 'ab']);
  expect(raw`\Aa\z`, ['a'], ['ba', 'a\n']);
  expect('(?m)^b$', ['a\nb\nc'], ['ab', 'b\r']);
  expect(raw`\bcat\b`, ['a cat.'], ['cats']);
  expect(raw`a\Bb`, ['ab'], ['a b']);
});

regex('limits flags to their group', () => {
  expect('(?i)^aB$', ['AB', 'ab'], []);
  expect('^(?i:a)b$', ['Ab'], ['AB']);
  expect('^((?i)a)b$', ['Ab'], ['AB']);
  expect('(?i)^a(?-i:b)$', ['Ab'], ['AB']);
  expect('(?i)^[^k]$', ['a'], ['K', '\u212a']);
});

regex('supports escapes', () => {
  expect(raw`^\.\*\x41\x{1F600}\101\n\Qa+b\E$`, ['.*A😀A\na+b'], ['.*A😀A\naab']);
});

/** Patterns that Go's `regexp` refuses too. */
for (const [pattern, why] of [
  ['(?=a)', /invalid or unsupported Perl syntax/],
  ['(?!a)', /invalid or unsupported Perl syntax/],
  ['(?<=a)b', /invalid or unsupported Perl syntax|invalid named capture/],
  [raw`(a)\1`, /invalid escape sequence/],
  ['(?x)a', /invalid or unsupported Perl syntax/],
  ['a**', /invalid nested repetition operator/],
  ['a{2}{3}', /invalid nested repetition operator/],
  ['*a', /missing argument to repetition operator/],
  ['(|*)', /missing argument to repetition operator/],
  ['a{1001}', /invalid repeat count/],
  ['a{3,2}', /invalid repeat count/],
  ['(a', /missing closing \)/],
  ['a)', /unexpected \)/],
  ['[a', /missing closing \]/],
  ['[b-a]', /invalid character class range/],
  ['[[:foo:]]', /invalid character class range/],
  [raw`\p{Klingon}`, /invalid character class range/],
  [raw`\Z`, /invalid escape sequence/],
  [raw`\C`, /invalid escape sequence/],
  ['\\', /trailing backslash/],
  ['(((a{100}){100}){100})', /invalid repeat count/],
  ['(((){1000}){1000}){1000}', /too large/],
  [`${'('.repeat(2000)}${')'.repeat(2000)}`, /nest/],
] as const)
  regex(`is refused like by RE2: ${pattern.slice(0, 30)}`, () => {
    assert.throws(() => createRegex(pattern), why);
  });

regex('is refused if matching it could block the daemon', () => {
  for (const pattern of [raw`\pL{1000}`.repeat(3), 'a'.repeat(5000)])
    assert.throws(() => createRegex(pattern), /at most 4096 characters that compiles to at most 2000 instructions/);
});

regex('takes linear time if a backtracking engine would not end', () => {
  assert.not.ok(createRegex('^(a+)+(a|a)*$')(`${'a'.repeat(4000)}!`));
});

regex.run();
