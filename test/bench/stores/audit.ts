import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { indexLog } from '../../../src/adapters/event-log/file/search/index-log.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { describeMachine } from '../machine.ts';
import { nameOf, writeLongLog } from './long-log.ts';

/**
 * How long the commands that look back take on a long log, each in a process of its own: history of one key, and stats at
 * points that are as far from a checkpoint as any. `node build/test/bench/stores/audit.js [EVENTS] [RUNS]`. BENCH_ROOTS, a folder, keeps
 * the log for the next run, or has it from one before.
 */
const [events = '1000000', runs = '5'] = process.argv.slice(2);
const { BENCH_ROOTS: folder } = process.env;
const sandbox = createSandbox('bench-audit');
const root = join(folder ?? sandbox.path, `audit-${events}`);
const cli = daemonFile;
const every = 50_000;

/** Milliseconds from the start of a process to its end, the quickest first. */
function measured(...args: readonly string[]): readonly number[] {
  const took = Array.from({ length: Number(runs) }, () => {
    const began = performance.now();
    execFileSync(process.execPath, [cli, ...args, '--root', root], { stdio: ['ignore', 'ignore', 'inherit'] });
    return Math.round(performance.now() - began);
  });
  return took.sort((a, b) => a - b);
}

/** Just before what would be a checkpoint, in the first, a middle and the last stretch. */
const points = [1, Math.ceil(Number(events) / every / 2), Math.floor(Number(events) / every)]
  .map((stretch) => stretch * every - 1)
  .filter((position) => position > 0 && position <= Number(events));

closeSandboxesOnSignal();
try {
  if (!existsSync(join(root, 'log'))) await writeLongLog(root, Number(events), every);
  const began = performance.now();
  await indexLog(join(root, 'log'), join(root, 'index'));
  const indexed = Math.round(performance.now() - began);
  const help = measured('--version');
  const history = { name: measured('history', nameOf(9000)), number: measured('history', '20000') };
  const at = Object.fromEntries(points.map((position) => [position, measured('stats', '--at', String(position))]));
  console.log(JSON.stringify({ machine: describeMachine(), events, milliseconds: { indexed, help, history, at } }));
} finally {
  await sandbox.close();
}
