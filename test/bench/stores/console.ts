import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../../http/ask.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { prepareStore, type StartedConsole, startConsole } from '../console/store.ts';
import { describeMachine, memoryOf } from '../machine.ts';

/**
 * How long a console takes to its first views of a large store, and from one moment to the next.
 * `node build/test/bench/stores/console.js [EVENTS] [SNAPSHOTS]`. BENCH_ROOTS, a folder, keeps the store for the next run.
 */
const [events = 1_000_000, snapshots = 50_000] = process.argv.slice(2).map(Number);
const sandbox = createSandbox('bench-console');

async function measure({ child, address }: StartedConsole, began: number) {
  const { host, port, pathname, search } = address;
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
    residentMiB: memoryOf(child.pid ?? 0).resident,
  };
}

closeSandboxesOnSignal();
try {
  const root = await prepareStore({ snapshots, events }, sandbox);
  const began = performance.now();
  const milliseconds = await measure(await startConsole(root, sandbox), began);
  console.log(JSON.stringify({ machine: describeMachine(), events, snapshots, milliseconds }));
} finally {
  await sandbox.close();
}
