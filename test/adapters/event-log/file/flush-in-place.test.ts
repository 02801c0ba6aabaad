import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { createFlushChoice } from '../../../../src/adapters/event-log/file/write/flush-choice.ts';
import { requireCommand, suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { eventsAfter, now, openLog } from './file-log.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('flush of one caller', requireCommand('strace'));

test.before.each((context) => {
  context.sandbox = createSandbox('flush-in-place');
});
test.after.each(({ sandbox }) => sandbox.close());

const slowMilliseconds = 20;

test('on a slow device: never blocks the event loop', async ({ sandbox }) => {
  const support = pathToFileURL(join(import.meta.dirname, 'file-log.js')).href;
  const program = join(sandbox.path, 'append.mjs');
  const calls = join(sandbox.path, 'calls');
  writeFileSync(
    program,
    `import { eventsAfter, now, openLog } from ${JSON.stringify(support)};
     const { log } = await openLog(${JSON.stringify(join(sandbox.path, 'log'))});
     for (let n = 0; n < 40; n++) await log.append(eventsAfter(log.end.position, 1), now);
     console.log(process.pid);
     await log.close();`,
  );
  const slow = `inject=fdatasync:delay_enter=${slowMilliseconds}ms`;
  const options = ['--follow-forks', '--quiet=all', '-e', 'trace=fdatasync', '-e', slow, '-o', calls];
  const { stdout } = await run('strace', [...options, process.execPath, program]);
  const threads = [...readFileSync(calls, 'utf8').matchAll(/^(\d+) +fdatasync\(/gm)].map(([, thread]) => thread);
  assert.ok(threads.length > 40, `${threads.length} flushes`);
  assert.not.ok(threads.includes(stdout.trim()), 'the main thread flushed');
});

test('on a device that becomes slow: blocks the event loop once, and again when it has been quick for a while', async () => {
  // In memory: it is quick on every machine.
  const folder = mkdtempSync('/dev/shm/snapledger-flush-');
  let slow = false;
  let inPlace = false;
  const failpoint = (step: string) => {
    if (slow && step === 'log.sync') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slowMilliseconds);
  };
  const onFlush = (_events: number, _bytes: number, _seconds: number, blocked: boolean) => {
    inPlace = blocked;
  };
  const { log } = await openLog(join(folder, 'log'), { failpoint, onFlush });
  const append = async () => {
    await log.append(eventsAfter(log.end.position, 1), now);
    return inPlace;
  };
  for (let round = 0; round < 2; round++) {
    let count = 0;
    while (!(await append())) assert.ok(++count < 20_000, 'the device is never quick');
    slow = true;
    await append();
    for (let n = 0; n < 5; n++) assert.is(await append(), false);
    slow = false;
    for (let n = 0; n < 7; n++) assert.is(await append(), false);
  }
  await log.close();
  rmSync(folder, { recursive: true });
});

test('beside others: runs in the pool', () => {
  const choice = createFlushChoice();
  for (let n = 0; n < 20; n++) choice.flushed(1, 0.1);
  assert.is(choice.inPlace, true);
  choice.flushed(2, 0.1);
  assert.is(choice.inPlace, false);
  choice.flushed(1, 0.1);
  assert.is(choice.inPlace, true);
  choice.flushed(1, 1.5);
  assert.is(choice.inPlace, false);
});

test.run();
