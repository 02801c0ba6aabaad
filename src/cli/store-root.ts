import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/load-config.ts';
import { Fault } from '../ports/fault.ts';

/** What tells a command which store is meant. */
export interface RootOptions {
  readonly root?: string;
  readonly config?: string;
}

const hint = 'name the root of a store with --root; `snapledger init` makes one';

/** The root of a store that has a log, from --root or the settings. Throws a Fault (`misuse`) where there is none. */
export function storeRoot({ root, config }: RootOptions): string {
  const path = loadConfig({ file: config, flags: { root } }).root;
  const stat = inspected(path, () => statSync(path, { throwIfNoEntry: false }));
  if (stat === undefined) throw new Fault('misuse', `${path}: there is no such directory`, { hint });
  if (!stat.isDirectory()) throw new Fault('misuse', `${path}: is not a directory`, { hint });
  const log = join(path, 'log');
  const entries = inspected(log, () =>
    statSync(log, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(log) : [],
  );
  // Where the log is kept in a cluster, this file says so.
  if (entries.length === 0 && !existsSync(join(path, 'store')))
    throw new Fault('misuse', `${path}: holds no log`, { hint });
  return path;
}

/** Tells whether the files of a root's log have grown: their names and sizes. A log that is kept elsewhere may always have. */
export function logStamp(root: string): string {
  const log = join(root, 'log');
  if (!existsSync(log)) return String(performance.now());
  return readdirSync(log)
    .map((name) => `${name} ${statSync(join(log, name), { throwIfNoEntry: false })?.size}`)
    .join('\n');
}

function inspected<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new Fault('misuse', `${path}: ${(error as Error).message}`, {
      hint: 'run as the user that owns the store (root)',
      cause: error,
    });
  }
}
