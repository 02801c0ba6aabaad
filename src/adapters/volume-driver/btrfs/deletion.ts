import type { Ballast } from '../../../ports/disk-space.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { isFull } from '../../../ports/fault.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { createTreeThread, type TreeThread } from '../shared/trees/tree-thread.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { isSubvolume, type Layout, names } from './layout.ts';
import { createReclaim } from './reclaim.ts';
import { removeVolume } from './volume.ts';

interface DeletionOptions {
  readonly calls: BtrfsCalls;
  readonly liftFlags?: LiftFlags;
  readonly ballast?: Ballast | undefined;
  readonly failpoint?: Failpoint;
  /** ends waiting for space, and refuses later removals */
  readonly signal: AbortSignal;
}

/** Deletes volumes, on a full disk and with immutable files inside too. */
interface Deletion {
  /** Deletes what is at a path and resolves with the bytes freed, as far as they are known. */
  remove(path: string): Promise<number>;
  /** Deletes the subvolume that an active wrote into. */
  removeActive(id: number): Promise<void>;
  /** Repeats a deletion if it found no space. */
  withSpace<T>(remove: () => Promise<T>): Promise<T>;
  /** Waits for the space of deleted subvolumes. */
  reclaim(): Promise<boolean>;
  /** deletes directory trees; the caller closes it */
  readonly thread: TreeThread;
}

export function createDeletion(layout: Layout, options: DeletionOptions): Deletion {
  const { calls, liftFlags, ballast, failpoint = noFailpoints, signal } = options;
  const thread = createTreeThread(`${layout.root}/snapshots`);
  const reclaim = createReclaim({ root: layout.root, calls, signal });
  const withSpace = retryWithSpace(reclaim, ballast);
  const lift = liftFlags === undefined ? undefined : liftWithin(calls, liftFlags);
  return {
    remove: (path) => {
      failpoint('btrfs.purge');
      signal.throwIfAborted();
      return withSpace(() => liftingFlags(path, lift, () => removeVolume(calls, thread.remove, path)));
    },
    removeActive: (id) => {
      const drop = () => calls.remove(layout.directory(id), names.fs);
      return withSpace(() => liftingFlags(layout.fs(id), liftFlags, drop));
    },
    withSpace,
    reclaim,
    thread,
  };
}

/** Flags on the top of a subvolume forbid its deletion, those inside do not. A frozen subvolume can't be changed. */
function liftWithin(calls: Pick<BtrfsCalls, 'setReadOnly'>, liftFlags: LiftFlags): LiftFlags {
  return async (path) => {
    const frozen = `${path}/${names.layer}`;
    if (isSubvolume(frozen)) await calls.setReadOnly(frozen, false);
    await liftFlags(path);
  };
}

/**
 * Deletions take a little space themselves. If there is none, repeats one when the kernel has freed the space of earlier ones,
 * then with the ballast released: under a quota on the root only the ballast can free something.
 */
function retryWithSpace(reclaim: () => Promise<boolean>, ballast: Ballast | undefined) {
  return async <T>(remove: () => Promise<T>): Promise<T> => {
    for (const free of [reclaim, () => ballast?.release()])
      try {
        return await remove();
      } catch (error) {
        if (!isFull(error)) throw error;
        await free();
      }
    const removed = await remove();
    void ballast?.restore();
    return removed;
  };
}
