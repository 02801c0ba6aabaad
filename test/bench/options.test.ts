import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chosen, usage } from './options.ts';
import { nameOf, type Piece } from './workload.ts';
import { pieces, sets } from './workloads.ts';

const test = suite('benchmark: choice');

const piece = (workload: string, part: string): Piece => ({
  ...{ workload, part, about: `about ${workload}`, against: 'x', minutes: 2 },
  measure: async function* () {},
});
const all = [piece('a', 'x'), piece('a', 'y'), piece('b', '')];
const some = { s: ['b', 'a/y'] };
const names = (...args: readonly string[]) => chosen(args, all, some).pieces.map(nameOf);

test('names: workloads, pieces and sets; everything without any', () => {
  assert.equal(names(), ['a/x', 'a/y', 'b']);
  assert.equal(names('a'), ['a/x', 'a/y']);
  assert.equal(names('a/y'), ['a/y']);
  assert.equal(names('s'), ['b', 'a/y']);
});

test('names: unknown ones are refused', () => {
  assert.throws(() => names('c'), 'c: no such workload, piece or set; npm run bench -- --help lists them');
});

test('options: numbers, and a revision to compare with', () => {
  const choice = chosen(['--pairs', '3', '--workers', '1,8', '--compare', 'HEAD~1'], all, some);
  assert.equal([choice.pairs, choice.workers, choice.revision], [3, [1, 8], 'HEAD~1']);
  assert.throws(() => chosen(['--pairs', 'many'], all, some), '--pairs many: must be a number above 0');
});

test('usage: lists pieces and sets with their minutes', () => {
  const text = usage(all, some);
  assert.match(text, /^ {2}a\/x +2 min {2}about a; against x$/m);
  assert.match(text, /^ {2}s +4 min {2}b a\/y$/m);
});

test('sets: name existing pieces', () => {
  for (const set of Object.keys(sets)) assert.ok(chosen([set], pieces, sets).pieces.length > 1);
});

test.run();
