import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../../../events/registry.ts';
import { openFileEventLog } from '../../../src/adapters/event-log/file/file-event-log.ts';
import { writeIdentity } from '../../../src/adapters/system/root/root-directory.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';
import { storeFiles } from '../../../src/compose/store-files.ts';
import { ask } from '../../http/ask.ts';
import { startDaemon } from '../../support/daemon.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { daemonFile, serverUnderTest } from '../../support/server.ts';
import { connectSnapshots } from '../../support/snapshots-client.ts';
import { describeMachine, memoryOf, processorTime } from '../machine.ts';

/**
 * A console with a connected page while events come fast: whether the page misses a position, how far it is behind, what the
 * console's memory does, and what it costs the daemon.
 * `node build/test/bench/stores/live.js log [RATE] [SECONDS]`: a writer appends RATE events a second to a log in files.
 * `node build/test/bench/stores/live.js daemon [CLIENTS] [SECONDS]`: a real one with clients that prepare, commit and remove, without a
 * console, with one, and without again; with 0 clients it is idle.
 */
const [mode = 'log', ...numbers] = process.argv.slice(2);
const [amount = mode === 'log' ? 10_000 : 32, seconds = 30] = numbers.map(Number);
const sandbox = createSandbox('live');
const root = join(sandbox.path, 'root');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

/** Appends lives of snapshots at an even rate. */
async function append(): Promise<void> {
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  let [id, written] = [0, 0];
  const began = performance.now();
  for (let now = 0; now < seconds * 1000; now = performance.now() - began) {
    const events: Event[] = [];
    while (written + events.length < (now / 1000) * amount) events.push(...life(++id));
    written += events.length;
    const after = log.end.position;
    const clock = () => BigInt(Date.now()) * 1_000_000n;
    if (events.length > 0)
      await log.append(stampEvents(events, { store, after, clock, actor: { actor: 'containerd' } }), { flush: 'now' });
    await sleep(20);
  }
  await log.close();
}

function life(id: number): readonly Event[] {
  const [key, name] = [`default/${id}/extract`, `default/${id}/sha256:${String(id).padStart(64, '0')}`];
  const bare = { id, parent: '', parentId: null, labels: {} } as const;
  return [
    { type: 'SnapshotPrepared', data: { ...bare, key, kind: 'active' } },
    { type: 'SnapshotCommitted', data: { ...bare, key, name, flushed: true } },
    { type: 'UsageMeasured', data: { id, bytes: 4096, inodes: 1 } },
    {
      type: 'SnapshotRemoved',
      data: { ...bare, key: name, kind: 'committed', created: 1n, updated: 1n, retained: false },
    },
    { type: 'VolumePurged', data: { id, why: 'removed', bytes: 4096 } },
  ];
}

/** As many clients as fill the daemon, each with a connection. */
async function call(address: string): Promise<void> {
  const until = performance.now() + seconds * 1000;
  let serial = 0;
  const writer = async () => {
    const client = connectSnapshots(address);
    while (performance.now() < until) {
      const name = `default/${serial++}/${performance.now()}`;
      await client.prepare(`${name}-active`);
      await client.commit(name, `${name}-active`);
      await client.remove(name);
    }
    client.close();
  };
  await Promise.all([sleep(seconds * 1000), ...Array.from({ length: amount }, writer)]);
}

async function openConsole() {
  const child = spawn(process.execPath, [daemonFile, 'console', '--root', root], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  sandbox.atEnd(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [found] = /http:\S+/.exec(line) ?? [];
    if (found === undefined) continue;
    const { host, port, pathname, search } = new URL(found);
    const login = await ask({ host: '127.0.0.1', port, path: `${pathname}${search}`, headers: { host } });
    const cookie = String(login.headers['set-cookie']?.[0]).split(';')[0] ?? '';
    return { child, seen: follow(port, { host, cookie }) };
  }
  throw new Error('the console printed no address');
}

/** What a page gets of the live stream. Messages that don't follow the one before are counted as gaps. */
function follow(port: string, headers: Record<string, string>) {
  const seen = { messages: 0, bytes: 0, position: 0, events: 0, gaps: 0, slowest: 0 };
  const take = (text: string) => {
    const { kind, from, to, counts, events, position } = JSON.parse(text.slice(text.indexOf('data: ') + 6));
    seen.messages += 1;
    if (kind === 'state' && seen.position === 0) seen.position = Number(position);
    if (kind !== 'events') return;
    if (seen.position !== 0 && Number(from) !== seen.position + 1) seen.gaps += 1;
    seen.position = Number(to);
    for (const count of Object.values<number>(counts)) seen.events += count;
    seen.slowest = Math.max(seen.slowest, Date.now() - Number(BigInt(events.at(-1).time) / 1_000_000n));
  };
  const asked = request({ host: '127.0.0.1', port, path: '/console/api/live', headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      seen.bytes += part.length;
      const complete = `${text}${part}`.split('\n\n');
      text = complete.pop() ?? '';
      complete.forEach(take);
    });
  });
  asked.on('error', () => {}).end();
  return seen;
}

const endOf = async () => {
  const log = await storeFiles(root).openLog();
  await log.close();
  return log.end.position;
};

/** Memory of the console in MiB, each second, while `work` runs. */
async function watched({ pid = 0 }: ChildProcess, work: Promise<void>): Promise<readonly number[]> {
  const resident: number[] = [];
  const timer = setInterval(() => resident.push(Math.round(memoryOf(pid).resident)), 1000);
  await work;
  clearInterval(timer);
  return resident;
}

/** Runs the work with a console, and waits until the page has everything. */
async function withConsole(work: () => Promise<void>) {
  const { child, seen } = await openConsole();
  while (seen.messages === 0) await sleep(20);
  const from = seen.position;
  const before = processorTime(child.pid ?? 0);
  const resident = await watched(child, work());
  const cpu = Math.round(processorTime(child.pid ?? 0) - before);
  const end = await endOf();
  const ended = performance.now();
  while (seen.position < end && performance.now() - ended < 10_000) await sleep(20);
  const caughtUp = Math.round(performance.now() - ended);
  child.kill('SIGTERM');
  return { from, end, ...seen, lost: end - from - seen.events, caughtUp, consoleCpu: cpu, resident };
}

closeSandboxesOnSignal();
try {
  mkdirSync(root);
  const machine = describeMachine();
  if (mode === 'log') {
    await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} }).then(async ({ log }) => {
      const data = { store, driver: 'overlay', version: '0' };
      await log.append(
        stampEvents([{ type: 'StoreCreated', data }], {
          store,
          after: 0,
          clock: () => 1n,
          actor: { actor: 'operator' },
        }),
        { flush: 'now' },
      );
      await log.close();
    });
    await writeIdentity(root, { store, driver: 'overlay' });
    console.log(JSON.stringify({ machine, mode, rate: amount, seconds, ...(await withConsole(append)) }));
  } else {
    const address = join(sandbox.path, 's.sock');
    const command = serverUnderTest('memory').command(root, address);
    const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'log'), sandbox });
    const cpu = async (work: () => Promise<unknown>) => {
      const [before, position] = [processorTime(daemon.pid), await endOf()];
      const result = await work();
      const events = (await endOf()) - position;
      const milliseconds = processorTime(daemon.pid) - before;
      const daemonPercent = Math.round((10 * milliseconds) / seconds) / 100;
      const usPerEvent = events === 0 ? null : Math.round((1e4 * milliseconds) / events) / 10;
      return { events, eventsPerSecond: Math.round(events / seconds), daemonPercent, usPerEvent, result };
    };
    // Warm first.
    await call(address);
    const alone = await cpu(() => call(address));
    const withPage = await cpu(() => withConsole(() => call(address)));
    const again = await cpu(() => call(address));
    console.log(JSON.stringify({ machine, mode, clients: amount, seconds, alone, withPage, again }));
  }
} finally {
  await sandbox.close();
}
