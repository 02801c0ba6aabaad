import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments, select } from './arguments.ts';
import { testFiles } from './suites.ts';

const all = testFiles([
  'test/architecture.test.ts',
  'test/e2e/overlay.test.ts',
  'test/events/codecs.test.ts',
  'test/events/given.ts',
]);
const chosen = (...args: string[]) => select(all, parseArguments(args)).map((file) => file.source);

const test = suite('runner: choice of files');

test('no arguments: every suite in its order', () => {
  assert.equal(chosen(), ['test/e2e/overlay.test.ts', 'test/architecture.test.ts', 'test/events/codecs.test.ts']);
});

test('--only: one suite', () => {
  assert.equal(chosen('--only', 'architecture'), ['test/architecture.test.ts']);
});

test('--only: several suites', () => {
  assert.equal(chosen('--only=e2e,unit'), ['test/e2e/overlay.test.ts', 'test/events/codecs.test.ts']);
});

test('--quick: the suites that need no program', () => {
  assert.equal(parseArguments(['--quick']).only, ['property', 'golden', 'architecture', 'unit']);
});

test('file names: files by name or part of it', () => {
  assert.equal(chosen('./test/events/codecs.test.ts', 'e2e/'), [
    'test/e2e/overlay.test.ts',
    'test/events/codecs.test.ts',
  ]);
});

test('--times: asks for the slowest files', () => {
  assert.equal(parseArguments(['--times', 'x']), { only: [], files: ['x'], times: true });
});

test('unknown arguments: are refused', () => {
  assert.throws(() => chosen('--only', 'units'), /no suite is called "units"/);
  assert.throws(() => chosen('--fast'), /unknown option --fast/);
  assert.throws(() => chosen('nowhere.test.ts'), /no test file fits "nowhere.test.ts"/);
  assert.throws(() => chosen('--only', 'golden'), /no test files in golden/);
});

test.run();
