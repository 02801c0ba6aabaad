import type { Usage, Volume } from '../../../ports/volume-driver.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { createLayout, expectSubvolume, isSubvolume } from './layout.ts';

interface Tools {
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'info' | 'writtenSince'>;
  readonly syncFileSystem: (path: string) => Promise<void>;
  /** milliseconds that what was written into an active may be missing from its usage */
  readonly lag: number;
}

/**
 * Measures what a snapshot has written itself: everything newer than its parent's layer. A layer's data is on the disk; an
 * active's may still wait to be written, and has no extents that could be counted until then. Flushing for every measurement
 * would slow down its user, so that is done only once in a while for all actives together.
 */
export function createUsageMeter({
  root,
  calls,
  syncFileSystem,
  lag,
}: Tools): (volume: Volume, signal: AbortSignal) => Promise<Usage> {
  const layout = createLayout(root);
  let flushed = Number.NEGATIVE_INFINITY;
  const flush = async () => {
    const now = performance.now();
    if (now - flushed < lag) return;
    await syncFileSystem(root);
    flushed = now;
  };
  return async ({ id, kind, parents: [parent] }, signal) => {
    signal.throwIfAborted();
    if (kind === 'view') return { bytes: 0, inodes: 0 };
    const frozen = isSubvolume(layout.layer(id));
    const path = frozen ? layout.layer(id) : layout.fs(id);
    expectSubvolume(path, `volume ${id}: its layer`);
    if (!frozen) await flush();
    if (parent === undefined) return calls.writtenSince(path, 0, signal);
    const { contentChangedAt, createdAt } = await calls.info(layout.layer(parent));
    // An import creates all layers after what they hold was written. A layer that was altered by hand changed after its creation.
    const since = Math.min(contentChangedAt, createdAt);
    // An active with a parent has not been rebased.
    return calls.writtenSince(path, since, signal, frozen ? layout.layer(parent) : undefined);
  };
}
