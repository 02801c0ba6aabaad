import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { indexLog } from '../../../src/adapters/event-log/file/search/index-log.ts';
import { storeFiles } from '../../../src/compose/store-files.ts';
import { ask } from '../../http/ask.ts';
import { fillRoot } from '../../support/fill-root.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { describeMachine } from '../machine.ts';

/**
 * How long a console takes to its first views of a large store, and from one moment to the next.
 * `node build/test/bench/stores/console.js [EVENTS] [SNAPSHOTS]`. BENCH_ROOTS, a folder, keeps the store for the next run.
 */
const [events = 1_000_000, snapshots = 50_000] = process.argv.slice(2).map(Number);
const { BENCH_ROOTS: folder } = process.env;
const sandbox = createSandbox('bench-console');
const root = join(folder ?? sandbox.path, `console-${events}-${snapshots}`);
const every = 50_000;

/** The store as a daemon leaves it: with checkpoints and indexes. */
async function prepareStore(): Promise<void> {
  if (!existsSync(join(root, 'store'))) await fillRoot(root, { snapshots, events, volumes: false });
  const log = await storeFiles(root).openLog();
  const checkpoints = createFileCheckpointStore({ directory: join(root, 'checkpoints') });
  const state = emptyState();
  let next = every;
  if (!existsSync(join(root, 'checkpoints')))
    for await (const batch of log.read(0)) {
      batch.reduce(evolve, state);
      if (state.position < next) continue;
      next += every;
      const chainHash = (await log.chainHashAt(state.position)) ?? '';
      await checkpoints.save({ position: state.position, chainHash }, toRows(state));
    }
  await indexLog(join(root, 'log'), join(root, 'index'));
}

async function addressOf({ stdout }: ChildProcess): Promise<URL> {
  if (stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: stdout })) {
    const [found] = /http:\S+/.exec(line) ?? [];
    if (found !== undefined) return new URL(found);
  }
  throw new Error('the console printed no address');
}

const residentMiB = ({ pid }: ChildProcess) =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);

async function measure(child: ChildProcess, began: number) {
  const { host, port, pathname, search } = await addressOf(child);
  const started = Math.round(performance.now() - began);
  const login = await ask({ host: '127.0.0.1', port, path: `${pathname}${search}`, headers: { host } });
  const cookie = String(login.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  const timed = async (path: string) => {
    const from = performance.now();
    const { status, body } = await ask({
      host: '127.0.0.1',
      port,
      path: `/console/api/${path}`,
      headers: { host, cookie },
    });
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    return { milliseconds: Math.round(performance.now() - from), bytes: body.length, answer: JSON.parse(body) };
  };
  const session = await timed('session');
  const density = await timed('density?buckets=400');
  const firstView = Math.round(performance.now() - began);
  const page = await timed('page?lines=100');
  const forest = await timed('forest');
  const bothViews = Math.round(performance.now() - began);
  let again = density;
  while (again.answer.folded !== again.answer.total) again = await timed('density?buckets=400');
  const folded = Math.round(performance.now() - began);
  again = await timed('density?buckets=400');
  const end = Number(session.answer.position);
  const jump = await timed(`forest?at=${Math.round(end / 2)}&since=${end}`);
  /** The slider forwards and back again, a hundredth of a second between two moves. */
  const moves = async (start: number) => {
    let at = start;
    const took: number[] = [];
    for (let move = 0; move < 30; move++) {
      await sleep(10);
      const next = at + (move < 15 ? 1000 : -1000);
      took.push((await timed(`forest?at=${next}&since=${at}`)).milliseconds);
      at = next;
    }
    return took.sort((a, b) => a - b);
  };
  const inTheMiddle = await moves(Math.round(end / 2));
  const late = await timed(`forest?at=${end - 30_000}&since=${Math.round(end / 2)}`);
  await sleep(500);
  const nearTheEnd = await moves(end - 30_000);
  const growth = await timed('growth');
  return {
    ...{ started, session: session.milliseconds, density: density.milliseconds, firstView },
    ...{ foldedThen: Number(density.answer.folded), folded, page: page.milliseconds },
    ...{ forest: forest.milliseconds, forestBytes: forest.bytes, bothViews, densityAgain: again.milliseconds },
    ...{ jump: jump.milliseconds, inTheMiddle, late: late.milliseconds, nearTheEnd, growth: growth.milliseconds },
    residentMiB: residentMiB(child),
  };
}

closeSandboxesOnSignal();
try {
  await prepareStore();
  const began = performance.now();
  const child = spawn(process.execPath, [daemonFile, 'console', '--root', root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  sandbox.atEnd(() => void child.kill('SIGKILL'));
  console.log(
    JSON.stringify({ machine: describeMachine(), events, snapshots, milliseconds: await measure(child, began) }),
  );
} finally {
  await sandbox.close();
}
