import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { testFiles } from './discover.ts';
import { parseArguments, select } from './selection.ts';
import { suites } from './suites.ts';

const names = suites.map((each) => each.name);
const all = testFiles([
  'test/architecture.test.ts',
  'test/bench/speed.test.ts',
  'test/e2e/overlay.test.ts',
  'test/events/codecs.test.ts',
  'test/events/given.ts',
]);
const chosen = (...args: string[]) => select(all, parseArguments(args, names)).map((file) => file.source);

const test = suite('choice of test files');

test('takes every suite in its order, but not those on request', () => {
  assert.equal(chosen(), ['test/events/codecs.test.ts', 'test/architecture.test.ts', 'test/e2e/overlay.test.ts']);
});

test('takes one suite', () => {
  assert.equal(chosen('--only', 'bench'), ['test/bench/speed.test.ts']);
});

test('takes several suites', () => {
  assert.equal(chosen('--only=unit,e2e'), ['test/events/codecs.test.ts', 'test/e2e/overlay.test.ts']);
});

test('takes files by name or part of it', () => {
  assert.equal(chosen('./test/events/codecs.test.ts', 'bench/'), [
    'test/events/codecs.test.ts',
    'test/bench/speed.test.ts',
  ]);
});

test('refuses what it does not know', () => {
  assert.throws(() => chosen('--only', 'units'), /no suite is called "units"/);
  assert.throws(() => chosen('--fast'), /unknown option --fast/);
  assert.throws(() => chosen('nowhere.test.ts'), /no test file fits "nowhere.test.ts"/);
  assert.throws(() => chosen('--only', 'golden'), /no test files in golden/);
});

test.run();
