import type { Ballast } from '../../../ports/disk-space.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import type { System } from '../../../ports/system.ts';
import {
  type DriverTraits,
  isHalted,
  type Mount,
  type Volume,
  type VolumeDriver,
} from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import { type KernelTraits, kernelTraits } from '../shared/kernel-traits.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import type { LiftFlags } from '../shared/lift-flags.ts';
import { clearPool, createVolumePool } from '../shared/pool.ts';
import { emptyOverlay, mayBeRebased, overlayOptions } from '../shared/rebase.ts';
import { checkBtrfsRoot, deviceOf } from './check-btrfs-root.ts';
import { createDeletion } from './deletion.ts';
import { type CopyTree, dropActive, dropLayer, flushLayer, freezeLayer } from './freeze-layer.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { createLayout, expectSubvolume, isSubvolume, type Layout } from './layout.ts';
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
  const kernel = kernelTraits(root);
  // Mount options can't carry such a path.
  const rebase = !kernel.userNamespace && !/[,:\\]/.test(root);
  const halted = new AbortController();
  const { remove, removeActive, withSpace, reclaim, thread } = createDeletion(layout, {
    ...setup,
    signal: halted.signal,
  });
  const { mountsOf, forget } = createMounts({ layout, calls, kernel: rebase ? kernel : undefined });
  const measure = createUsageMeter(tools);
  const operation =
    <T>(name: string, run: (volume: Volume) => T | Promise<T>) =>
    (volume: Volume) =>
      guarded(`${name} of volume ${volume.id}`, () => run(volume));
  return {
    name: 'btrfs',
    traits: { ...traits, rebase },
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

interface MountTools {
  readonly layout: Layout;
  readonly calls: BtrfsCalls;
  /** undefined if no layer is rebased */
  readonly kernel: KernelTraits | undefined;
}

/** Mounts by the subvolume's id, which never changes and is read once; of a layer to rebase, an overlay on nothing. */
function createMounts({ layout, calls, kernel }: MountTools) {
  const source = deviceOf(layout.root);
  const subvolumes = new Map<number, number>();
  const subvolumeOf = async (id: number): Promise<number> => {
    const known = subvolumes.get(id);
    if (known !== undefined) return known;
    expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
    const subvolume = await calls.idOf(layout.fs(id));
    subvolumes.set(id, subvolume);
    return subvolume;
  };
  const mountsOf = async (volume: Volume): Promise<readonly Mount[]> => {
    const { id, kind } = volume;
    if (kernel !== undefined && mayBeRebased(volume)) {
      expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
      return [emptyOverlay(layout.root, id, overlayOptions(kernel))];
    }
    const options = [`subvolid=${await subvolumeOf(id)}`, ...(kind === 'view' ? ['ro'] : [])];
    return [{ type: 'btrfs', source, target: '', options }];
  };
  return { mountsOf, forget: (id: number) => void subvolumes.delete(id) };
}
