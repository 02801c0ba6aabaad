import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ending, judge, skipsIn } from './verdict.ts';

const closing = (total: number, passed: number, skipped: number) =>
  `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n\n`;

const ended = (output: string, rest: Partial<Ending> = {}): Ending => ({
  output,
  exitCode: 0,
  signal: null,
  killed: null,
  leftProcesses: false,
  ...rest,
});

const test = suite('runner: verdict');

test('reports a signal that ended the file after its totals', () => {
  const { problems } = judge(ended(closing(1, 1, 0), { exitCode: null, signal: 'SIGSEGV' }), { strict: false });
  assert.equal(problems, ['was ended by SIGSEGV']);
});

test('reports an exit status that no failed test explains', () => {
  const { problems } = judge(ended(closing(1, 1, 0), { exitCode: 7 }), { strict: false });
  assert.equal(problems, ['exited with status 7']);
});

test('counts a test that announces its skip and returns early as skipped', () => {
  const output = `• • SKIP copies up: needs root\n• (3 / 3)\n${closing(3, 3, 0)}`;
  assert.equal(judge(ended(output), { strict: true }), { passed: 2, failed: 0, skipped: 1, problems: [] });
});

test('lists the announced skips, each once', () => {
  const output = `SKIP one: needs root\nSKIP one: needs root\n•   (3 / 3) SKIP two: needs go\n${closing(3, 3, 3)}`;
  assert.equal(skipsIn(output), ['SKIP one: needs root', 'SKIP two: needs go']);
});

test('treats a forgotten `only` as a skip that was not announced', () => {
  assert.is(judge(ended(closing(1, 1, 5)), { strict: false }).failed, 1);
});

test.run();
