import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { Ballast } from '../ports/disk-space.ts';
import type { EventLog } from '../ports/event-log.ts';
import { expectRoot, expectRootNow, expectSameRoot, type RootGuard } from '../ports/root-guard.ts';
import type { StoreFiles } from '../ports/store-files.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import type { Snapshots } from './store/store.ts';

// Whatever works on a root by its path must touch no other directory than the one that was opened. While the root is another one, a
// guarded call fails with the guard's Fault. Changes of the state are refused by the journal, which asks the guard itself.

type Method = (...args: unknown[]) => unknown;
type Check = (root: RootGuard) => void;

/**
 * When a call is checked. `both`: its result says nothing of another root. `anew`: something follows from its result. `result`: only that
 * follows, and the root that was there a millisecond before the call must still be there after it.
 */
const checks = {
  before: { before: expectRoot, after: undefined },
  both: { before: expectRoot, after: expectRoot },
  result: { before: expectRoot, after: expectRootNow },
  anew: { before: expectSameRoot, after: expectSameRoot },
} as const satisfies Record<string, { before: Check; after: Check | undefined }>;

/** `now`: a question about the disk that is answered at once. Only such a method throws, all others reject. */
type Guarding = keyof typeof checks | 'now' | 'none';

function wrap(root: RootGuard, method: Method, guarding: Guarding): Method {
  if (guarding === 'none') return method;
  if (guarding === 'now')
    return (...args) => {
      expectRoot(root);
      const result = method(...args);
      if (result === false) expectSameRoot(root);
      return result;
    };
  const { before, after } = checks[guarding];
  if (after === undefined)
    return (...args) => {
      try {
        before(root);
        return method(...args);
      } catch (error) {
        return Promise.reject(error);
      }
    };
  return async (...args) => {
    before(root);
    const result = await method(...args);
    after(root);
    return result;
  };
}

/** Says of every method how it is guarded. */
type Guards<T> = { readonly [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: Guarding };

function guarded<T extends object>(root: RootGuard, target: T, guards: Guards<T>): T {
  const methods = Object.entries<Guarding>(guards).map(([name, guarding]) => [
    name,
    wrap(root, target[name as keyof T] as Method, guarding),
  ]);
  return { ...target, ...Object.fromEntries(methods) };
}

export const guardDriver = (root: RootGuard, driver: VolumeDriver): VolumeDriver => ({
  ...guarded(root, driver, {
    ...{ occupies: 'none', labelsOf: 'none', halt: 'none', close: 'none', isVacant: 'now', hasCommitted: 'now' },
    ...{ describeEmpty: 'now' },
    ...{ create: 'before', mounts: 'before', freeze: 'before', unfreeze: 'before', dropActive: 'before' },
    ...{ purge: 'before', discard: 'before', syncMetadata: 'before', reclaimSpace: 'before', flush: 'both' },
    ...{ usage: 'result', scan: 'anew', scanIds: 'anew', isPristine: 'anew', quarantine: 'anew' },
  }),
  pool: driver.pool && guarded(root, driver.pool, { isFull: 'none', fill: 'before', drain: 'before' }),
  staging: driver.staging && guarded(root, driver.staging, { copy: 'both', place: 'before', discard: 'before' }),
});

export const guardCheckpoints = (root: RootGuard, checkpoints: CheckpointStore): CheckpointStore =>
  guarded(root, checkpoints, { save: 'anew', load: 'none' });

export const guardFiles = (root: RootGuard, files: StoreFiles): StoreFiles =>
  guarded(root, files, { openLog: 'anew', openCheckpoints: 'anew', measureLog: 'anew' });

/** Guards whatever changes a store or hands out paths of its root. Reads of what is in memory go on. */
export const guardSnapshots = (root: RootGuard, snapshots: Snapshots): Snapshots =>
  guarded(root, snapshots, {
    ...{ prepare: 'before', commit: 'before', remove: 'before', update: 'before', mounts: 'before', cleanup: 'before' },
    ...{ usage: 'none', stat: 'none', list: 'none' },
  });

/** What can't be restored or released now is retried with a later event. */
export const guardBallast = (root: RootGuard, { restore, release }: Ballast): Ballast => ({
  restore: async () => {
    if (root.check() === undefined) await restore();
  },
  release: async () => root.check() === undefined && (await release()),
});

/** Segments are read by their paths: nothing of another root is passed on, and nothing of it is called damaged. */
export function guardReads<L extends Pick<EventLog, 'read' | 'readEncoded'>>(root: RootGuard, log: L): L {
  const { read, readEncoded } = log;
  const reads: Pick<EventLog, 'read' | 'readEncoded'> = {
    read: (after) => checked(root, () => read(after)),
    ...(readEncoded && { readEncoded: (after) => checked(root, () => readEncoded(after)) }),
  };
  // Everything else, its getters too, is still asked of the log itself.
  return Object.assign(Object.create(log) as L, reads);
}

async function* checked<T>(root: RootGuard, batches: () => AsyncIterable<T>): AsyncGenerator<T> {
  expectRoot(root);
  try {
    for await (const batch of batches()) {
      expectRoot(root);
      yield batch;
    }
  } catch (error) {
    expectRoot(root);
    throw error;
  }
}
