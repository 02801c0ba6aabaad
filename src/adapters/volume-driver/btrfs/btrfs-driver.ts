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
import type { LiftFlags } from '../shared/lift-flags.ts';
import { checkBtrfsRoot, deviceOf } from './check-btrfs-root.ts';
import { createDeletion } from './deletion.ts';
import { type CopyTree, dropActive, dropLayer, flushLayer, freezeLayer } from './freeze-layer.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { createLayout, expectSubvolume, isSubvolume, type Layout } from './layout.ts';
import { createUsageMeter } from './usage.ts';
import { btrfsOrphans, createVolume } from './volume.ts';

export interface BtrfsSetup {
  /** on a btrfs file system; created if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem'>;
  readonly calls: BtrfsCalls;
  readonly copyTree: CopyTree;
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
  const { calls, copyTree, usageLag: lag = 10_000, failpoint = noFailpoints } = setup;
  const { syncFileSystem } = setup.system;
  const root = await checkBtrfsRoot(setup.root, calls);
  const layout = createLayout(root);
  const tools = { root, layout, calls, failpoint, copyTree, syncFileSystem, lag };
  const halted = new AbortController();
  const { remove, removeActive, withSpace, reclaim, thread } = createDeletion(layout, {
    ...setup,
    signal: halted.signal,
  });
  const { mountsOf, forget } = createMounts(layout, calls);
  const measure = createUsageMeter(tools);
  const operation =
    <T>(name: string, run: (volume: Volume) => T | Promise<T>) =>
    (volume: Volume) =>
      guarded(`${name} of volume ${volume.id}`, () => run(volume));
  return {
    name: 'btrfs',
    traits,
    occupies: () => true,
    isVacant: (id) => isVacant(layout.directory(id)),

    create: operation('create', (volume) => {
      forget(volume.id);
      return createVolume(tools, volume);
    }),
    mounts: operation('mounts', mountsOf),
    labelsOf: () => undefined,

    flush: operation('flush', ({ id }) => flushLayer(tools, id)),
    freeze: operation('freeze', ({ id }) => freezeLayer(tools, id)),
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
    close: () => thread.close(),
  };
}

const traits: DriverTraits = {
  capabilities: [],
  rebase: false,
  layersAreDiffs: false,
  fixedMounts: false,
  // The snapshot ioctl of a freeze writes all data of its source and commits the transaction before it returns.
  // Source: fs/btrfs/ioctl.c and transaction.c, create_snapshot; a power cut in a test shows the same.
  durableFreeze: true,
  orderedMetadata: false,
};

/** Mounts by the subvolume's id, which never changes and is read once. */
function createMounts(layout: Layout, calls: BtrfsCalls) {
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
  const mountsOf = async ({ id, kind }: Volume): Promise<readonly Mount[]> => {
    const options = [`subvolid=${await subvolumeOf(id)}`, ...(kind === 'view' ? ['ro'] : [])];
    return [{ type: 'btrfs', source, target: '', options }];
  };
  return { mountsOf, forget: (id: number) => void subvolumes.delete(id) };
}
