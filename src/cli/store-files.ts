import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { State } from '../../projections/state.ts';
import { stateOfStore } from '../app/audit/state-at.ts';
import { loadConfig } from '../config/load-config.ts';
import { Fault } from '../ports/fault.ts';
import type { ReadableLog } from '../ports/readable-log.ts';
import type { StoreFiles } from '../ports/store-files.ts';
import type { CliDeps } from './cli-deps.ts';

/** Which store a command is about. */
export interface RootOptions {
  readonly root?: string;
  readonly config?: string;
}

const hint = 'name the root of a store with --root; `snapledger init` creates one';

/** The root of a store that has a log, from --root or the settings. Throws a Fault (`misuse`) if there is none. */
export function storeRoot({ root, config }: RootOptions): string {
  const path = loadConfig({ file: config, flags: { root } }).root;
  const stat = inspected(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stat === undefined) throw new Fault('misuse', `${path}: there is no such directory`, { hint });
  if (!stat.isDirectory()) throw new Fault('misuse', `${path}: is not a directory`, { hint });
  const log = join(path, 'log');
  const entries = inspected(log, () =>
    statSync(log, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(log) : [],
  );
  // This file exists if a cluster keeps the log.
  if (entries.length === 0 && !existsSync(join(path, 'store')))
    throw new Fault('misuse', `${path}: holds no log`, { hint });
  return path;
}

/** Milliseconds during which a file may be written again without another time: kernels stamp by ticks of some milliseconds. */
const fresh = 1_000;

/**
 * Changes when the files of a root's log have: their names, sizes and times, since events are written into zeros that a file has
 * already. For a second after a change it may change again without one; that of a log in a cluster always may.
 */
export function logStamp(root: string): string {
  const log = join(root, 'log');
  if (!existsSync(log)) return String(performance.now());
  let newest = 0;
  const files = readdirSync(log).map((name) => {
    const found = statSync(join(log, name), { throwIfNoEntry: false });
    newest = Math.max(newest, found?.mtimeMs ?? 0);
    return `${name} ${found?.size} ${found?.mtimeMs}`;
  });
  if (Math.abs(Date.now() - newest) < fresh) files.push(String(performance.now()));
  return files.join('\n');
}

function inspected<T>(path: string, inspect: () => T): T {
  try {
    return inspect();
  } catch (error) {
    throw new Fault('misuse', `${path}: ${(error as Error).message}`, {
      hint: 'run as the user that owns the store (root)',
      cause: error,
    });
  }
}

/** Files whose log reports on standard error what it no longer contains: for queries of the whole history. */
export const notingGone = (files: StoreFiles): StoreFiles => ({
  ...files,
  openLog: async () => {
    const log = await files.openLog();
    noteGone(log);
    return log;
  },
});

export function noteGone({ gone }: Pick<ReadableLog, 'gone'>): void {
  if (gone !== undefined) process.stderr.write(`note: ${gone.fault.message}\n`);
}

/** The state of a store as its files show it now, whether a daemon is running or not. */
export const loadStore = (options: RootOptions, deps: Pick<CliDeps, 'storeFiles'>): Promise<State> =>
  stateOfStore(deps.storeFiles(storeRoot(options)));
