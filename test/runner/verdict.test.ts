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
  assert.equal(judge(ended(output), { strict: false }), { passed: 2, failed: 0, skipped: 1, problems: [] });
});

test('lists the announced skips, each once', () => {
  const output = `SKIP one: needs root\nSKIP one: needs root\n•   (3 / 3) SKIP two: needs go\n${closing(3, 3, 3)}`;
  assert.equal(skipsIn(output), ['SKIP one: needs root', 'SKIP two: needs go']);
});

const lacking = [
  'an upgrade from 1.6.20: needs the command ctr',
  'needs the command chromium',
  'needs PostgreSQL',
  'needs root',
  'needs the file system btrfs',
  'flaky on Node 24.21',
  'containerd 1.6.20 is slow',
  'containerd has no transfer service',
  'needs Go 1.26.3, and this is 1.19.8 on a slow machine',
  'not KURRENTDB_URL names none',
];

test('in CI, fails a file that skips a test for what test/run installs', () => {
  const output = lacking.map((reason, index) => `SKIP suite ${index}: ${reason}\n`).join('') + closing(10, 10, 10);
  const { problems } = judge(ended(output), { strict: true });
  assert.equal(
    problems,
    lacking.map((reason, index) => `must not be skipped here: suite ${index}: ${reason}`),
  );
  assert.equal(judge(ended(output), { strict: false }).problems, []);
});

test('in CI, accepts a skip for what a version of a peer lacks, or for a server that nothing installs', () => {
  const reasons = [
    'containerd 1.6.20 has no transfer service',
    'pull: the transfer service of containerd 1.7.24 needs a registry with TLS',
    'containerd 2.0.0-rc.1 unpacks one layer after the other: 2.2 or later is needed',
    'before 1.7 containerd makes no copy if it sends labels',
    'before 2.0 containerd does not mount with mapped ids',
    'before 1.7.16 containerd does not know `exports`',
    'needs Go 1.26.3, and this is 1.19.8',
    'KURRENTDB_URL names none',
    'KURRENTDB_URL names more than one node without TLS',
  ];
  const output = reasons.map((reason, index) => `SKIP suite ${index}: ${reason}\n`).join('') + closing(9, 9, 9);
  assert.equal(judge(ended(output), { strict: true }), { passed: 9, failed: 0, skipped: 9, problems: [] });
});

test('treats a forgotten `only` as a skip that was not announced', () => {
  assert.is(judge(ended(closing(1, 1, 5)), { strict: false }).failed, 1);
});

test.run();
