import type { Ballast } from '../../../ports/disk-space.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import type { System } from '../../../ports/system.ts';
import { type DriverTraits, isHalted, type Volume, type VolumeDriver } from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import { kernelTraits } from '../shared/kernel-traits.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import type { LiftFlags } from '../shared/lift-flags.ts';
import { clearPool, createVolumePool } from '../shared/pool.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import { checkBtrfsRoot } from './check-btrfs-root.ts';
import { createDeletion } from './deletion.ts';
import { type CopyTree, dropActive, dropLayer, flushLayer, freezeLayer } from './freeze-layer.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { createLayout, isSubvolume } from './layout.ts';
import { createMounts, rebasingKernel } from './mounts.ts';
import { createUsageMeter } from './usage.ts';
import { btrfsOrphans, createVolume, makeEmptyLayer } from './volume.ts';

export interface BtrfsSetup {
  /** on a btrfs file system; created if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem'>;
  readonly calls: BtrfsCalls;
  readonly copyTree: CopyTree;
  /** merges layers to rebase; the driver closes it */
  readonly layers: LayerWork;
  /** without it, a file that a container made immutable is not deleted */
  readonly liftFlags?: LiftFlags;
  /** released if a deletion finds no space otherwise */
  readonly ballast?: Ballast | undefined;
  /** milliseconds that what was written into an active may be missing from its usage; 10 seconds by default */
  readonly usageLag?: number;
  readonly failpoint?: Failpoint;
}

/**
 * Volumes as btrfs subvolumes: `snapshots/<id>/fs` is what an active writes into or a view shows, a snapshot of its parent;
 * `snapshots/<id>/layer` is a read-only snapshot of it, created by the commit. Checks the root and creates its directories
 * first.
 */
export async function createBtrfsDriver(setup: BtrfsSetup): Promise<VolumeDriver> {
  const { calls, copyTree, layers, usageLag: lag = 10_000, failpoint = noFailpoints } = setup;
  const { syncFileSystem } = setup.system;
  const root = await checkBtrfsRoot(setup.root, calls);
  const layout = createLayout(root);
  clearPool(root);
  const pool = createVolumePool({ root, size: 2, failpoint, makeLayer: makeEmptyLayer(calls) });
  const tools = { root, layout, calls, pool, failpoint, copyTree, layers, syncFileSystem, lag };
  const kernel = rebasingKernel(root, kernelTraits(root));
  const halted = new AbortController();
  const { remove, removeActive, withSpace, reclaim, thread } = createDeletion(layout, {
    ...setup,
    signal: halted.signal,
  });
  const { mountsOf, forget } = createMounts({ layout, calls, kernel });
  const measure = createUsageMeter(tools);
  const operation =
    <T>(name: string, run: (volume: Volume) => T | Promise<T>) =>
    (volume: Volume) =>
      guarded(`${name} of volume ${volume.id}`, () => run(volume));
  return {
    name: 'btrfs',
    traits: { ...traits, rebase: kernel !== undefined },
    pool,
    occupies: () => true,
    isVacant: (id) => isVacant(layout.directory(id)),

    // Its commits are durable by themselves, and a layer is a whole tree.
    describeEmpty: () => undefined,
    create: operation('create', (volume) => {
      forget(volume.id);
      if (mayBeRebased(volume)) layers.start();
      return createVolume(tools, volume);
    }),
    mounts: operation('mounts', mountsOf),
    labelsOf: () => undefined,

    flush: operation('flush', ({ id }) => flushLayer(tools, id)),
    freeze: (volume, parent) => guarded(`freeze of volume ${volume.id}`, () => freezeLayer(tools, volume, parent)),
    unfreeze: operation('unfreeze', ({ id }) => withSpace(() => dropLayer(tools, id))),
    dropActive: operation('drop of the active', ({ id }) => {
      forget(id);
      return dropActive(tools, id, removeActive);
    }),
    hasCommitted: (id) => isSubvolume(layout.layer(id)),

    purge: (id) =>
      guarded(`purge of volume ${id}`, () => {
        forget(id);
        return remove(layout.directory(id));
      }),
    syncMetadata: () => guarded('flush of the volumes', () => syncFileSystem(root)),
    reclaimSpace: () => guarded('space of deleted subvolumes', reclaim),

    usage: (volume, signal) =>
      guarded(`usage of volume ${volume.id}`, () =>
        measure(volume, signal === undefined ? halted.signal : AbortSignal.any([signal, halted.signal])),
      ),

    ...btrfsOrphans({ ...tools, remove }),
    halt: () => {
      halted.abort(isHalted());
      void thread.close();
    },
    close: async () => void (await Promise.all([thread.close(), layers.close(), pool.drain()])),
  };
}

const traits: Omit<DriverTraits, 'rebase'> = {
  // Not `rebase`: a commit that builds a tree takes longer than unpacking one layer after the other saves.
  capabilities: [],
  layersAreDiffs: false,
  fixedMounts: false,
  // The snapshot ioctl of a freeze writes all data of its source and commits the transaction before it returns.
  // Source: fs/btrfs/ioctl.c and transaction.c, create_snapshot; a power cut in a test shows the same.
  durableFreeze: true,
};
