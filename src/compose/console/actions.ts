import { readdir, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { State } from '../../../projections/state.ts';
import { readIdentity } from '../../adapters/system/root/root-directory.ts';
import { type FlushHistogram, figuresOf } from '../../app/console/flushes.ts';
import type { DaemonState } from '../../app/console/live.ts';
import type { Health, Verified } from '../../app/console/rows.ts';
import type { ConsoleSource } from '../../app/console/source.ts';
import { askDaemon, holderOf } from '../../cli/ask-daemon.ts';
import type { CliDeps } from '../../cli/cli-deps.ts';
import { reconcile } from '../../cli/commands/reconcile.ts';
import { restore } from '../../cli/commands/restore.ts';
import { verify } from '../../cli/commands/verify.ts';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { version } from '../../config/version.ts';
import type { ConsoleActions } from '../../console/server/routes.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import { cancellable } from './cancellable.ts';
import { flushesIn, pipelinesIn } from './prometheus.ts';
import { shareRuns } from './share-runs.ts';

export interface ConsoleRoot {
  readonly root: string;
  /** the settings file, if it is not the default one */
  readonly config: string | undefined;
}

/** Milliseconds for a daemon to answer about itself. */
const answerTimeout = 5_000;

/** A daemon's answer to a question about itself; undefined if none is running. */
async function asked(root: string, path: string) {
  const holder = holderOf(root);
  const answer = holder && (await askDaemon(holder.http, 'GET', path, AbortSignal.timeout(answerTimeout)));
  return answer && { ...answer, pid: holder.pid };
}

/** Whether a daemon serves the root. */
export async function daemonState(root: string): Promise<DaemonState> {
  const answer = await asked(root, '/readyz');
  if (answer === undefined) return { daemon: 'stopped', reason: 'no daemon is running' };
  return { daemon: 'running', reason: answer.status === 200 ? '' : answer.body.trim() };
}

/** The flushes of the daemon that serves the root. */
export async function daemonFlushes(root: string): Promise<FlushHistogram | undefined> {
  const answer = await asked(root, '/metrics');
  return answer && flushesIn(answer.body, answer.pid);
}

/** What the console does besides reading: what the commands do, with their words. */
export function consoleActions(
  { root, config: file }: ConsoleRoot,
  deps: CliDeps,
  source: Pick<ConsoleSource, 'files' | 'states'>,
): ConsoleActions {
  const options = { root, ...(file !== undefined && { config: file }), json: true } as const;
  return {
    about: async () => ({
      ...(await storeNow(root, source)),
      root,
      version: version(),
      node: hostname(),
      fleet: false,
    }),
    health: () => healthOf(root, file, source),
    // It reads the whole log, and layers: not once more for every page that asks.
    verify: shareRuns(async (deep, signal) => {
      const lines = await printed((print) => verify({ ...options, deep }, cancellable(deps, signal), print));
      return lines.at(-1) as Verified;
    }),
    restore: (name) => printed((print) => restore(name, options, deps, print)),
    reconcile: (dryRun) => printed((print) => reconcile({ ...options, dryRun }, deps, print)),
  };
}

/** What a command prints with `--json`. */
async function printed(command: (print: (lines: readonly string[]) => void) => Promise<unknown>) {
  const rows: unknown[] = [];
  await command((lines) => {
    for (const line of lines) rows.push(JSON.parse(line));
  });
  return rows;
}

/** Never rejects for a log that can't be read: a page then says why. */
async function storeNow(root: string, { files, states }: Pick<ConsoleSource, 'files' | 'states'>) {
  const live = (await daemonState(root).catch(() => undefined))?.daemon === 'running';
  try {
    const log = await files.openLog();
    await log.close();
    // A state is loaded only for a root without its file.
    const { store, driver } = readIdentity(root) ?? identityIn((await states.at()).storeInfo);
    const first = (log.gone?.upTo ?? 0) + 1;
    return { live, store, driver, position: log.end.position, first, error: null, hint: null };
  } catch (error) {
    const hint = error instanceof Fault ? error.hint : 'this is a defect of snapledger; please report it';
    return { live, store: '', driver: '', position: 0, first: 1, error: errorText(error), hint };
  }
}

const identityIn = ({ id: store, driver }: State['storeInfo']) => ({ store, driver });

async function healthOf(
  root: string,
  file: string | undefined,
  { files }: Pick<ConsoleSource, 'files'>,
): Promise<Health> {
  const tolerant = <T>(answer: Promise<T>) => answer.catch(() => undefined);
  const ready = await tolerant(asked(root, '/readyz'));
  const [metrics, forward] = await Promise.all([tolerant(asked(root, '/metrics')), tolerant(asked(root, '/forward'))]);
  const flush = metrics && figuresOf(flushesIn(metrics.body, metrics.pid));
  const disk = await tolerant(statfs(root));
  const retention = settingsOf(root, file)?.retention ?? null;
  return {
    daemon: ready === undefined ? null : { serving: ready.status === 200, reason: ready.body.trim(), pid: ready.pid },
    forward: forward?.status === 200 ? JSON.parse(forward.body) : null,
    pipelines: pipelinesIn(metrics?.body ?? ''),
    flush: flush?.count ? flush : null,
    log: (await tolerant(files.measureLog())) ?? null,
    checkpoints: await checkpointsIn(join(root, 'checkpoints')),
    disk: disk === undefined ? null : { bytes: disk.blocks * disk.bsize, free: disk.bavail * disk.bsize },
    retention: retention && { ...retention, minFree: { ...retention.minFree } },
  };
}

/** Undefined if the settings file is not valid: a running daemon has read it before. */
function settingsOf(root: string, file: string | undefined): Config | undefined {
  try {
    return loadConfig({ file, flags: { root } });
  } catch {
    return undefined;
  }
}

/** The checkpoints' files, newest first. A daemon may delete one meanwhile. */
async function checkpointsIn(directory: string): Promise<Health['checkpoints']> {
  const names = await readdir(directory).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => /^\d{20}\.ckpt$/.test(name))
      .map(async (name) => {
        const file = await stat(join(directory, name)).catch(() => undefined);
        const time = BigInt(Math.round(file?.mtimeMs ?? 0)) * 1_000_000n;
        return file === undefined ? [] : [{ position: Number.parseInt(name, 10), bytes: file.size, time }];
      }),
  );
  return found.flat().sort((a, b) => b.position - a.position);
}
