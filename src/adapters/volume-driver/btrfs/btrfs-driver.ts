import type { Ballast } from '../../../ports/ballast.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { isFull } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import { isHalted, type Mount, type Volume, type VolumeDriver } from '../../../ports/volume-driver.ts';
import { isVacant } from '../shared/exact-directory.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { createTreeThread } from '../shared/tree-thread.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { checkBtrfsRoot } from './check-btrfs-root.ts';
import { createReclaim } from './create-reclaim.ts';
import { createVolume } from './create-volume.ts';
import { deviceOf } from './device-of.ts';
import { type CopyTree, dropSeal, sealLayer } from './freeze-layer.ts';
import { guarded } from './guarded.ts';
import { expectSubvolume, isSubvolume } from './is-subvolume.ts';
import { createLayout, type Layout, names } from './layout.ts';
import { createOwnMeter } from './measure-own.ts';
import { orphanDeeds } from './orphans.ts';
import { removeVolume } from './remove-volume.ts';

export interface BtrfsSetup {
  /** on a btrfs file system; made if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem'>;
  readonly calls: BtrfsCalls;
  readonly copyTree: CopyTree;
  /** left out, what a container made immutable stays where it is */
  readonly liftFlags?: LiftFlags;
  /** given up where a deletion finds no space otherwise */
  readonly ballast?: Ballast | undefined;
  /** milliseconds that what was written into an active may be missing from its usage; 10 seconds unless said */
  readonly usageLag?: number;
  readonly failpoint?: Failpoint;
}

/**
 * Volumes as btrfs subvolumes: `snapshots/<id>/fs` is what an active writes into or a view shows, a snapshot of its
 * parent; `snapshots/<id>/layer` is a read-only snapshot of it, made by the commit. Checks the root and lays it out first.
 */
export async function createBtrfsDriver(setup: BtrfsSetup): Promise<VolumeDriver> {
  const { calls, copyTree, liftFlags, ballast, usageLag: lag = 10_000, failpoint = noFailpoints } = setup;
  const lift = liftWithin(setup);
  const { syncFileSystem } = setup.system;
  const root = await checkBtrfsRoot(setup.root, calls);
  const layout = createLayout(root);
  const tools = { root, layout, calls, failpoint, copyTree, syncFileSystem, lag };
  const remover = createTreeThread(`${root}/snapshots`);
  const halted = new AbortController();
  const reclaim = createReclaim({ ...tools, signal: halted.signal });
  const space = { reclaim, ballast };
  const remove = (path: string) => {
    failpoint('btrfs.purge');
    halted.signal.throwIfAborted();
    return withSpace(space, () =>
      liftingFlags(path, lift, () => removeVolume({ calls, removeTree: remover.remove }, path)),
    );
  };
  const { mountsOf, forget } = createMounts(layout, calls);
  const usageOf = createOwnMeter(tools);
  const deed =
    <T>(name: string, act: (volume: Volume) => T | Promise<T>) =>
    (volume: Volume) =>
      guarded(`${name} of volume ${volume.id}`, () => act(volume));
  return {
    name: 'btrfs',
    traits: {
      capabilities: [],
      rebase: false,
      fixedMounts: false,
      // The snapshot ioctl of a freeze writes all data of its source and commits the transaction before it returns.
      // Source: fs/btrfs/ioctl.c and transaction.c, create_snapshot; a power cut in a test shows the same.
      durableFreeze: true,
      orderedMetadata: false,
    },
    ...orphanDeeds({ ...tools, remove }),
    occupies: () => true,
    isVacant: (id) => isVacant(layout.directory(id)),
    create: deed('create', (volume) => {
      forget(volume.id);
      return createVolume(tools, volume);
    }),
    mounts: deed('mounts', mountsOf),
    flush: deed('flush', ({ id }) => {
      if (!isSubvolume(layout.layer(id))) expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
      return syncFileSystem(root);
    }),
    freeze: deed('seal', ({ id }) => sealLayer(tools, id)),
    unfreeze: deed('unseal', ({ id }) => withSpace(space, () => dropSeal(tools, id))),
    dropActive: deed('finish', async ({ id }) => {
      if (!isSubvolume(layout.fs(id))) return;
      expectSubvolume(layout.layer(id), `volume ${id}: its sealed layer`);
      failpoint('btrfs.finish');
      forget(id);
      await withSpace(space, () =>
        liftingFlags(layout.fs(id), liftFlags, () => calls.remove(layout.directory(id), names.fs)),
      );
    }),
    hasCommitted: (id) => isSubvolume(layout.layer(id)),
    usage: (volume, signal) =>
      guarded(`usage of volume ${volume.id}`, () =>
        usageOf(volume, signal === undefined ? halted.signal : AbortSignal.any([signal, halted.signal])),
      ),
    labelsOf: () => undefined,
    purge: (id) =>
      guarded(`purge of volume ${id}`, () => {
        forget(id);
        return remove(layout.directory(id));
      }),
    reclaimSpace: () => guarded('room of deleted subvolumes', reclaim),
    syncMetadata: () => guarded('flush of the volumes', () => syncFileSystem(root)),
    halt: () => {
      halted.abort(isHalted());
      void remover.close();
    },
    close: () => remover.close(),
  };
}

/** Flags on the top of a subvolume forbid its deletion, those inside do not. A frozen one takes no change. */
function liftWithin({ calls, liftFlags }: BtrfsSetup): LiftFlags | undefined {
  return (
    liftFlags &&
    (async (path) => {
      const frozen = `${path}/${names.layer}`;
      if (isSubvolume(frozen)) await calls.setReadOnly(frozen, false);
      await liftFlags(path);
    })
  );
}

interface Space {
  readonly reclaim: () => Promise<boolean>;
  readonly ballast: Ballast | undefined;
}

/**
 * A deletion takes a little space itself, which earlier ones may still hold: then it is done again when the kernel has freed
 * that. It counts against a quota on the root, too, which only the ballast holds something of.
 */
async function withSpace<T>({ reclaim, ballast }: Space, remove: () => Promise<T>): Promise<T> {
  for (const more of [reclaim, () => ballast?.release()])
    try {
      return await remove();
    } catch (error) {
      if (!isFull(error)) throw error;
      await more();
    }
  const removed = await remove();
  void ballast?.keep();
  return removed;
}

/** Mounts by the subvolume's number, which never changes and is asked for once. */
function createMounts(layout: Layout, calls: BtrfsCalls) {
  const source = deviceOf(layout.root);
  const numbers = new Map<number, number>();
  const numberOf = async (id: number): Promise<number> => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
    const number = await calls.idOf(layout.fs(id));
    numbers.set(id, number);
    return number;
  };
  const mountsOf = async ({ id, kind }: Volume): Promise<readonly Mount[]> => {
    const options = [`subvolid=${await numberOf(id)}`, ...(kind === 'view' ? ['ro'] : [])];
    return [{ type: 'btrfs', source, target: '', options }];
  };
  return { mountsOf, forget: (id: number) => void numbers.delete(id) };
}
