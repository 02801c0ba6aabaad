import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { askDaemon } from '../../../src/cli/ask-daemon.ts';
import { startDaemon } from '../../support/daemon.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { serverUnderTest } from '../../support/server.ts';
import { connectSnapshots } from '../../support/snapshots-client.ts';
import { memoryOf } from '../machine.ts';

/**
 * What live subscribers cost the writers: 32 of them prepare, commit and remove, in turns without and with 100
 * subscribers of which 10 take nothing.
 * `node build/test/bench/events/subscribers.js [DRIVER] [TURNS] [SECONDS] [READERS] [STALLED]`.
 */
const [driver = 'overlay', ...numbers] = process.argv.slice(2);
const [turns = 4, seconds = 6, readers = 100, stalled = 10] = numbers.map(Number);
const sandbox = createSandbox('subscribers');
const address = join(sandbox.path, 's.sock');
const http = join(sandbox.path, 's.http.sock');
let serial = 0;

/** Operations a second of 32 writers on connections of their own. */
async function write(): Promise<number> {
  let done = 0;
  let busy = true;
  const writer = async (number: number) => {
    const client = connectSnapshots(address);
    while (busy) {
      const name = `default/${number}/${serial++}`;
      await client.prepare(`${name}-active`);
      await client.commit(name, `${name}-active`);
      await client.remove(name);
      done += 3;
    }
    client.close();
  };
  const writing = Promise.all(Array.from({ length: 32 }, (_, number) => writer(number)));
  await pause(seconds * 1000);
  const rate = done / seconds;
  busy = false;
  await writing;
  return Math.round(rate);
}

async function read() {
  const main = join(import.meta.dirname, 'readers.js');
  const { body = '' } = (await askDaemon(http, 'GET', '/metrics')) ?? {};
  const [, position = '0'] = /^snapledger_log_durable_position (\d+)$/m.exec(body) ?? [];
  const from = String(Number(position) + 1);
  const child = spawn(process.execPath, [main, http, from, String(readers), String(stalled)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part;
  });
  for (let shown = ''; !shown.includes(`snapledger_subscribers ${readers}\n`); await pause(50))
    shown = (await askDaemon(http, 'GET', '/metrics'))?.body ?? '';
  await pause(1500);
  return async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
    return JSON.parse(text) as object;
  };
}

closeSandboxesOnSignal();
try {
  const command = serverUnderTest(driver).command(sandbox.folder('root'), address);
  const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'log'), sandbox });
  await write();
  for (let turn = 0; turn < turns; turn++) {
    const without = await write();
    const memory = { before: memoryOf(daemon.pid).resident, after: 0 };
    const end = await read();
    const withReaders = await write();
    memory.after = memoryOf(daemon.pid).resident;
    const got = await end();
    const ratio = Number((withReaders / without).toFixed(3));
    console.log(JSON.stringify({ driver, turn, without, with: withReaders, ratio, memory, ...got }));
  }
} finally {
  await sandbox.close();
}
