import type { Ballast } from '../ports/ballast.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import { expectRoot, expectSameRoot, type RootGuard } from '../ports/root-guard.ts';
import type { StoreFiles } from '../ports/store-files.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import type { Snapshots } from './store/snapshots.ts';

// What works on a root by its path, so that it touches no other directory than the one that was opened. A call is refused with the
// guard's Fault while the root is another one, and so is its answer where that came about meanwhile. Changes of the state are
// refused by the journal, which asks the guard itself.

/** A call between two looks at everything. Rejects, never throws. */
async function between<T>(root: RootGuard, call: () => T | Promise<T>): Promise<T> {
  expectSameRoot(root);
  const answer = await call();
  expectSameRoot(root);
  return answer;
}

/** A call after a check. Rejects, never throws. */
async function after<T>(root: RootGuard, call: () => T | Promise<T>): Promise<T> {
  expectRoot(root);
  return call();
}

type Method = (...args: unknown[]) => unknown;

/** Methods of a driver that look at no disk, and its end. */
const unguarded: ReadonlySet<string> = new Set<keyof VolumeDriver>(['occupies', 'labelsOf', 'halt', 'close']);
/** Methods that answer at once what is on the disk. */
const immediate: ReadonlySet<string> = new Set<keyof VolumeDriver>(['isVacant', 'hasCommitted']);
/** Methods whose answer tells what is on the disk: something follows from it, so everything is looked at once more. */
const telling: ReadonlySet<string> = new Set<keyof VolumeDriver>(['usage', 'scan', 'scanIds', 'isPristine']);

export function guardDriver(root: RootGuard, driver: VolumeDriver): VolumeDriver {
  const guarded = Object.entries(driver).map(([name, member]) => {
    if (typeof member !== 'function' || unguarded.has(name)) return [name, member];
    const method = member as Method;
    const around = telling.has(name) ? between : after;
    if (!immediate.has(name)) return [name, (...args: unknown[]) => around(root, () => method(...args))];
    const checked = (...args: unknown[]) => {
      expectRoot(root);
      const answer = method(...args);
      if (answer === false) expectSameRoot(root);
      return answer;
    };
    return [name, checked];
  });
  const { flush, quarantine } = driver;
  return {
    ...(Object.fromEntries(guarded) as VolumeDriver),
    // Nothing is on stable storage because another file system was flushed.
    flush: async (volume) => {
      expectRoot(root);
      await flush(volume);
      expectRoot(root);
    },
    quarantine: (...found) => between(root, () => quarantine(...found)),
  };
}

export const guardCheckpoints = (root: RootGuard, { save, load }: CheckpointStore): CheckpointStore => ({
  save: (place, rows) => between(root, () => save(place, rows)),
  load,
});

/** What can't be kept or given up now is tried again with a later event. */
export const guardBallast = (root: RootGuard, { keep, release }: Ballast): Ballast => ({
  keep: async () => {
    if (root.check() === undefined) await keep();
  },
  release: async () => root.check() === undefined && (await release()),
});

/** Segments are read by their paths: of another root's nothing is passed on, and nothing is called damaged. */
export function guardReads<L extends Pick<EventLog, 'read' | 'readEncoded'>>(root: RootGuard, log: L): L {
  const { read, readEncoded } = log;
  const guarded: Pick<EventLog, 'read' | 'readEncoded'> = {
    read: (after) => checked(root, () => read(after)),
    ...(readEncoded && { readEncoded: (after) => checked(root, () => readEncoded(after)) }),
  };
  // Everything else, its end too, is still asked of the log itself.
  return Object.assign(Object.create(log) as L, guarded);
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

export const guardFiles = (root: RootGuard, files: StoreFiles): StoreFiles => ({
  openLog: () => between(root, files.openLog),
  openCheckpoints: () => between(root, files.openCheckpoints),
  measureLog: () => between(root, files.measureLog),
});

/** Whatever changes a store or hands out paths of its root. Reads of what is in memory go on. */
export function guardSnapshots(root: RootGuard, snapshots: Snapshots): Snapshots {
  const { prepare, commit, remove, update, mounts, cleanup } = snapshots;
  return {
    ...snapshots,
    prepare: (...asked) => after(root, () => prepare(...asked)),
    commit: (...asked) => after(root, () => commit(...asked)),
    remove: (...asked) => after(root, () => remove(...asked)),
    update: (...asked) => after(root, () => update(...asked)),
    mounts: (...asked) => after(root, () => mounts(...asked)),
    cleanup: () => after(root, cleanup),
  };
}
