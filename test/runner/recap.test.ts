import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Failure, recap } from './recap.ts';

const test = suite('runner: failures at the end');

const failure = (output: string, more: Partial<Failure> = {}): Failure => ({
  ...{ name: 'unit test/x.test.ts', counts: '1 passed, 1 failed', output, problems: [] },
  ...more,
});
const failed = [
  'SKIP other: needs root',
  ' arithmetic  • ✘   (1 / 2)',
  '',
  '   FAIL  arithmetic  "is mistaken"',
  '    Expected values to be strictly equal:  (is)',
  '',
  '  Total:     2',
  '  Passed:    1',
  '  Skipped:   0',
  '  Duration:  1.00ms',
];

test('nothing failed: prints nothing', () => assert.equal(recap([]), []));

test('failed test: its text, without what came before it, dots and totals', () => {
  assert.equal(recap([failure(failed.join('\n'))]), [
    '',
    'failures:',
    'FAIL unit test/x.test.ts: 1 passed, 1 failed',
    '    |    FAIL  arithmetic  "is mistaken"',
    '    |     Expected values to be strictly equal:  (is)',
  ]);
});

test('crash before the first result: the output, and the problem', () => {
  const [, , , text, problem] = recap([failure('Error: no such thing\n', { problems: ['exited with status 7'] })]);
  assert.equal([text, problem], ['    | Error: no such thing', '    exited with status 7']);
});

test('long output: 40 lines of it, the last ones too, and no line longer than 400 characters', () => {
  const lines = Array.from({ length: 1000 }, (_, index) => `${index} ${'x'.repeat(1000)}`);
  const shown = recap([failure(lines.join('\n'))]).slice(3);
  assert.is(shown.length, 40);
  assert.ok(shown.every((line) => line.length <= 410));
  assert.match(shown[29] ?? '', '[961 lines left out]');
  assert.match(shown.at(-1) ?? '', /\| 999 /);
});

test('many files: only the names of those after the twentieth', () => {
  const lines = recap(Array.from({ length: 30 }, (_, index) => failure('broken', { name: `file ${index}` })));
  assert.is(lines.filter((line) => line.includes('| broken')).length, 20);
  assert.is(lines.filter((line) => line.startsWith('FAIL file ')).length, 30);
});

test('run: the failures are the last thing before the closing line, which is alone', () => {
  const { CI, NEWER_NODE, COVERAGE_FOLDER, ...env } = process.env;
  const run = [process.execPath, 'build/test/runner/main.js', 'test/runner/arguments.test.ts'] as const;
  const printed = execFileSync('sh', ['-c', '"$@" || true', 'sh', ...run], {
    encoding: 'utf8',
    env: { ...env, FAILED_STEP: 'biome check' },
  });
  assert.match(printed, /\n\nfailures:\nFAIL biome check: 0 passed, 1 failed\n\d+ passed, 1 failed\n$/);
});

test.run();
