import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from './run-file.ts';
import { judge, type Verdict } from './verdict.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', `${name}.fixture.js`);

async function verdictOf(name: string, { strict = false, limitSeconds = 60 } = {}): Promise<Verdict> {
  return judge(await runFile(process.execPath, fixture(name), { limitSeconds, graceSeconds: 2 }), { strict });
}

const test = suite('runner: test file');

test('counts passed tests', async () => {
  assert.equal(await verdictOf('passing'), { passed: 2, failed: 0, skipped: 0, problems: [] });
});

test('counts failed tests, without any other problem', async () => {
  assert.equal(await verdictOf('failing'), { passed: 1, failed: 1, skipped: 0, problems: [] });
});

test('fails a file whose suite is never run', async () => {
  const { problems } = await verdictOf('forgotten');
  assert.equal(problems, ['printed no totals: crashed, or no suite was run']);
});

test('fails a file without tests', async () => {
  assert.equal((await verdictOf('empty')).problems, ['has no tests']);
});

test('fails a file that defines a suite after its totals', async () => {
  assert.match((await verdictOf('late')).problems.join(), 'several goes');
});

test('fails a file that ends its process with status 0 in the middle of a test', async () => {
  const { failed, problems } = await verdictOf('crashing');
  assert.ok(failed > 0);
  assert.match(problems.join(), 'no totals');
});

test('kills a file that takes too long and keeps what it printed', async () => {
  const ending = await runFile(process.execPath, fixture('hanging'), { limitSeconds: 10 });
  assert.match(ending.output, 'hanging');
  assert.match(judge(ending, { strict: false }).problems.join(), 'took too long');
});

test('kills a file that keeps running after its tests, long before its limit', async () => {
  const { passed, problems } = await verdictOf('lingering');
  assert.is(passed, 1);
  assert.equal(problems, ['kept running after its tests: it has left something open']);
});

test('fails a file that leaves a process, and ends the process', async () => {
  const ending = await runFile(process.execPath, fixture('leaking'), { limitSeconds: 60, graceSeconds: 2 });
  assert.equal(judge(ending, { strict: false }).problems, ['left processes behind']);
  const pid = /left (\d+)/.exec(ending.output)?.[1];
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : 'gone';
  assert.match(status, /gone|State:\s+Z/);
});

test('fails a skip that was not announced', async () => {
  assert.match((await verdictOf('silent-skip')).problems.join(), 'skipped 1 tests and announced 0');
});

test('counts an announced skip', async () => {
  assert.equal(await verdictOf('announced-skip'), { passed: 1, failed: 0, skipped: 1, problems: [] });
});

test('fails an announced skip of btrfs in strict mode', async () => {
  assert.match((await verdictOf('announced-skip', { strict: true })).problems.join(), 'must not be skipped here');
});

test.run();
