import type { Failpoint } from '../../../ports/failpoints.ts';
import type { VolumeDriver } from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { createTreeThread } from '../shared/trees/tree-thread.ts';
import { holdsNothing } from './empty-layer.ts';
import { expectLayer, type Paths } from './volume.ts';

interface Setup {
  readonly root: string;
  readonly paths: Paths;
  /** threads that delete */
  readonly removers: number;
  readonly liftFlags: LiftFlags | undefined;
  readonly failpoint: Failpoint;
}

interface Trees extends Pick<VolumeDriver, 'purge' | 'usage'> {
  /** Deletes whatever is at a path, on a thread; resolves with the bytes freed. */
  remove(path: string): number | Promise<number>;
  close(): Promise<unknown>;
}

/** Measures and deletes volumes, each on threads of its own. */
export function createTrees({ root, paths, removers, liftFlags, failpoint }: Setup): Trees {
  const measurer = createTreeThread(`${root}/snapshots`);
  const remover = createTreeThread(`${root}/snapshots`, removers);
  const remove = (path: string) => {
    failpoint('overlay.purge');
    return isVacant(path) ? 0 : liftingFlags(path, liftFlags, () => remover.remove(path));
  };
  const measure = (id: number, signal?: AbortSignal) => {
    const path = paths.layer(id);
    const stats = expectLayer(id, path);
    return holdsNothing(path, stats.size) ? { bytes: stats.blocks * 512, inodes: 1 } : measurer.measure(path, signal);
  };
  return {
    remove,
    purge: (id) => guarded(`purge of volume ${id}`, () => remove(paths.directory(id))),
    usage: ({ id, kind }, signal) =>
      guarded(`usage of volume ${id}`, () => (kind === 'view' ? { bytes: 0, inodes: 0 } : measure(id, signal))),
    close: () => Promise.all([measurer.close(), remover.close()]),
  };
}
