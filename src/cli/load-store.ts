import type { State } from '../../projections/state.ts';
import { stateOfStore } from '../app/audit/state-at.ts';
import type { ReadableLog } from '../ports/readable-log.ts';
import type { StoreFiles } from '../ports/store-files.ts';
import type { World } from './cli-deps.ts';
import { type RootOptions, storeRoot } from './store-root.ts';

/** The files of a store that is meant by options. Throws a Fault (`misuse`) where there is none. */
export function storeFiles(options: RootOptions, world: World): StoreFiles {
  const root = storeRoot(options);
  return {
    openLog: () => world.openLog(root),
    openCheckpoints: () => world.openCheckpoints(root),
    measureLog: () => world.measureLog(root),
  };
}

/** As `storeFiles`, for what is answered out of the whole history: what the log lacks of it is said on standard error. */
export function historyFiles(options: RootOptions, world: World): StoreFiles {
  const files = storeFiles(options, world);
  return {
    ...files,
    openLog: async () => {
      const log = await files.openLog();
      noteGone(log);
      return log;
    },
  };
}

/** Says what a log does not hold any more. */
export function noteGone({ gone }: Pick<ReadableLog, 'gone'>): void {
  if (gone !== undefined) process.stderr.write(`note: ${gone.fault.message}\n`);
}

/** The state of a store as its files show it now, whether a daemon runs or not; or after the moment `at`. */
export async function loadStore(options: RootOptions & { readonly at?: string }, world: World): Promise<State> {
  return stateOfStore(storeFiles(options, world), options.at);
}
