import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { indexLog } from '../../../src/adapters/event-log/file/search/index-log.ts';
import { storeFiles } from '../../../src/compose/store-files.ts';
import { type Amount, fillRoot } from '../../support/fill-root.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';

const every = 50_000;

/**
 * A store as a daemon leaves it, with checkpoints and indexes, without directories of snapshots. BENCH_ROOTS, a folder, keeps
 * it for the next run; otherwise it is deleted with the sandbox.
 */
export async function prepareStore({ snapshots, events }: Amount, sandbox: Sandbox): Promise<string> {
  const root = join(process.env.BENCH_ROOTS ?? sandbox.path, `console-${events}-${snapshots}`);
  if (!existsSync(join(root, 'store'))) await fillRoot(root, { snapshots, events, volumes: false });
  if (!existsSync(join(root, 'checkpoints'))) await writeCheckpoints(root);
  await indexLog(join(root, 'log'), join(root, 'index'));
  return root;
}

async function writeCheckpoints(root: string): Promise<void> {
  const log = await storeFiles(root).openLog();
  const checkpoints = createFileCheckpointStore({ directory: join(root, 'checkpoints') });
  const state = emptyState();
  let next = every;
  for await (const batch of log.read(0)) {
    batch.reduce(evolve, state);
    if (state.position < next) continue;
    next += every;
    const chainHash = (await log.chainHashAt(state.position)) ?? '';
    await checkpoints.save({ position: state.position, chainHash }, toRows(state));
  }
}

export interface StartedConsole {
  readonly child: ChildProcess;
  /** with its token, for one use */
  readonly address: URL;
}

/** A console of a root, killed with the sandbox. Rejects if it ends without an address. */
export async function startConsole(root: string, sandbox: Sandbox): Promise<StartedConsole> {
  const child = spawn(process.execPath, [daemonFile, 'console', '--root', root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  sandbox.atEnd(() => void child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stdout })) {
    const [found] = /http:\S+/.exec(line) ?? [];
    if (found !== undefined) return { child, address: new URL(found) };
  }
  throw new Error('the console printed no address');
}
