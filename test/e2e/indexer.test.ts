import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { filesSource, subscribe } from '../../src/index.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { connectSnapshots } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { evolveHoldings, type Holdings, nothingHeld, readHoldings, relevant, tableOf } from './indexer/holdings.ts';

const test = suiteNeeding('event indexer', requireFileSystem('overlay'));
const sandbox: Sandbox = createSandbox('indexer');
test.after(() => sandbox.close());

const root = join(sandbox.path, 'root');
const address = join(sandbox.path, 's.sock');
const http = join(sandbox.path, 's.http.sock');
const table = join(sandbox.path, 'table.json');
const rounds = 6;

const serve = (): Promise<Daemon> =>
  startDaemon({
    command: serverUnderTest('overlay').command(root, address),
    address,
    log: join(sandbox.path, 'log'),
    sandbox,
  });

/** The indexer as a process; `kill` is SIGKILL. */
function index() {
  const fd = openSync(join(sandbox.path, 'indexer.log'), 'a');
  const main = join(import.meta.dirname, 'indexer', 'main.js');
  const child = spawn(process.execPath, [main, http, table], { stdio: ['ignore', fd, fd] });
  closeSync(fd);
  const exit = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exit;
  };
  sandbox.atEnd(kill);
  return { kill, alive: () => child.exitCode === null && child.signalCode === null };
}

/** Commits and removes layers of several namespaces until it is stopped; calls that a kill interrupts are ignored. */
function work(round: number) {
  const client = connectSnapshots(address);
  let busy = true;
  let committed = 0;
  const layer = async (namespace: string, n: number) => {
    const [key, name] = [`${namespace}/${round}/a${n}`, `${namespace}/${round}/c${n}`];
    const [mount] = await client.prepare(key, { timeout: 2000 });
    const upper = mount?.options.find((option) => option.startsWith('upperdir='))?.slice(9) ?? mount?.source;
    writeFileSync(join(upper ?? '', 'file'), Buffer.alloc(4096 * ((n % 7) + 1), 'x'));
    await client.commit(name, key, { timeout: 2000 });
    committed += 1;
    if (n % 3 === 0) await client.remove(name, { timeout: 2000 });
  };
  const worker = async (namespace: string) => {
    for (let n = 0; busy; n++) await layer(namespace, n).catch(() => pause(20));
  };
  const working = Promise.all(['default', 'k8s.io', 'build'].map(worker));
  return {
    committed: () => committed,
    end: async () => {
      busy = false;
      client.close();
      await working;
    },
  };
}

/** The table folded from the log up to a position. */
async function foldedLog(last = Number.POSITIVE_INFINITY): Promise<Holdings> {
  let holdings: Holdings = { ...nothingHeld, snapshots: new Map() };
  await new Promise<void>((resolve, reject) =>
    subscribe({ source: filesSource(root), types: relevant }).subscribe({
      next: (envelope) => {
        if (envelope.position <= last) holdings = evolveHoldings(holdings, envelope);
      },
      error: reject,
      complete: resolve,
    }),
  );
  return holdings;
}

test(`has the exact table after ${rounds} rounds of kill -9 of indexer or daemon`, async () => {
  let daemon = await serve();
  let indexer = index();
  for (let round = 0; round < rounds; round++) {
    const working = work(round);
    await waitFor('work to be done', () => working.committed() >= 12);
    await pause(Math.random() * 100);
    if (round % 3 !== 0) await indexer.kill();
    if (round % 3 !== 1) await daemon.kill();
    await working.end();
    if (round % 3 !== 1) daemon = await serve();
    if (round % 3 !== 0) indexer = index();
  }
  await daemon.stop();
  const { position: workEnded } = await foldedLog();
  daemon = await serve();
  await waitFor('the indexer to be at the end', () => {
    assert.ok(indexer.alive(), readFileSync(join(sandbox.path, 'indexer.log'), 'utf8'));
    return readHoldings(table).position >= workEnded;
  });
  await daemon.stop();
  await indexer.kill();
  const found = readHoldings(table);
  // The last start makes measurements that a kill prevented: the log may be longer than the work.
  const expected = await foldedLog(found.position);
  assert.ok(expected.snapshots.size > 20, `${expected.snapshots.size} snapshots`);
  assert.equal(tableOf(found), tableOf(expected));
  assert.equal([...found.snapshots].sort(), [...expected.snapshots].sort());
});

test.run();
