import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { FileCalls, System } from '../../../ports/system.ts';
import type { DriverTraits, Usage, Volume, VolumeDriver } from '../../../ports/volume-driver.ts';
import { hasOrderedMetadata } from '../../system/file-system.ts';
import { isDirectory, isVacant, makeDirectory } from '../shared/directories.ts';
import { guarded, missingLayer } from '../shared/faults.ts';
import { type KernelTraits, kernelTraits } from '../shared/kernel-traits.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { clearPool, createVolumePool, inheritsAlike } from '../shared/pool.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import { createTreeThread, type TreeThread } from '../shared/trees/tree-thread.ts';
import { createBarrier } from './barrier.ts';
import { checkOverlayRoot } from './check-overlay-root.ts';
import { createEmptyLayer, describeEmptyLayer, holdsNothing } from './empty-layer.ts';
import { createFlushes, flushFew } from './flush.ts';
import { canRebase, createOverlayMounts, type OverlayOptions, type TryMount } from './overlay-mounts.ts';
import { canShareData, clearStaging, createStaging } from './staging.ts';
import { createVolume, overlayOrphans } from './volume.ts';

interface OverlaySetup {
  /** created if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem' | 'writeData'>;
  readonly options?: OverlayOptions;
  /** how the check of the root tries an overlay mount; without it, none is tried */
  readonly tryMount?: TryMount | undefined;
  /** without it, a file that a container made immutable is not deleted */
  readonly liftFlags?: LiftFlags;
  /** takes whiteouts from base layers, and copies layers; the driver closes it. Without it, they stay, and none is staged. */
  readonly layers?: LayerWork;
  /** without them, no empty layer is described */
  readonly files?: FileCalls;
  readonly failpoint?: Failpoint;
}

/**
 * Volumes as directories below `ROOT/snapshots`, stacked by the kernel's overlay file system: `<id>/fs` is the layer, `<id>/work`
 * the kernel's work directory. A view has no directory. Checks the root and creates its directories first.
 */
export async function createOverlayDriver(setup: OverlaySetup): Promise<VolumeDriver> {
  const { system, tryMount, liftFlags, layers, files, options = {}, failpoint = noFailpoints } = setup;
  const root = await checkOverlayRoot(setup.root, ifMayMount(tryMount), options.mountOptions);
  const kernel = kernelTraits(root);
  const remapIds = expectRemapping(options, kernel);
  const rebase = canRebase(kernel, options);
  const orderedMetadata = hasOrderedMetadata(root);
  const directory = (id: number) => `${root}/snapshots/${id}`;
  const layer = (id: number) => `${directory(id)}/fs`;
  const mountsOf = createOverlayMounts(root, kernel, { ...options, remapIds });
  const flushSmall = async (id: number) => {
    const flushed = orderedMetadata && (await flushFew(layer(id), system.writeData));
    if (flushed) await barrier.pass();
    return flushed;
  };
  const flushes = createFlushes(root, system.syncFileSystem, flushSmall);
  const barrier = createBarrier(root, flushes.all);
  const [measurer, remover] = [
    createTreeThread(`${root}/snapshots`),
    createTreeThread(`${root}/snapshots`, orderedMetadata ? 1 : 4),
  ];
  const remove = (path: string) => {
    failpoint('overlay.purge');
    return isVacant(path) ? 0 : liftingFlags(path, liftFlags, () => remover.remove(path));
  };
  const freeze = async (volume: Volume, parent?: number) => {
    const path = layer(volume.id);
    expectLayer(volume.id, path);
    // Nothing is below it after all: it must show neither whiteouts nor overlay's attributes.
    if (parent !== undefined || !rebase || !mayBeRebased(volume)) return;
    // One that is empty only when it is cleaned was flushed with its whiteouts, and its commit does not describe it.
    const isDescribed = describeEmpty(volume.id) !== undefined;
    const cleaned = (await layers?.clean(path)) ?? 0;
    if (cleaned > 0 && !isDescribed) await flushes.layer(volume.id);
  };
  const describeEmpty = (id: number) => (files === undefined ? undefined : describeEmptyLayer(directory(id), files));
  await clearStaging({ root, remove });
  clearPool(root);
  const pool = createVolumePool({ root, size: files === undefined || inheritsAlike(root, files) ? 8 : 0, failpoint });
  const staging = options.stageLayers && layers && canShareData(root);
  const endThreads = () => Promise.all([measurer.close(), remover.close(), layers?.close()]);
  return {
    name: 'overlay',
    traits: driverTraits(options, { remapIds, rebase }),
    staging: staging ? createStaging({ root, layers, remove, failpoint }) : undefined,
    pool,
    occupies: ({ kind }) => kind !== 'view',
    isVacant: (id) => isVacant(directory(id)),

    create: (volume) =>
      guarded(`create of volume ${volume.id}`, () => {
        if (files && volume.empty !== undefined) return createEmptyLayer(directory(volume.id), volume.empty, files);
        if (rebase && mayBeRebased(volume)) layers?.start();
        return createVolume(root, volume, { failpoint, remapIds, pool });
      }),
    describeEmpty,
    mounts: (volume) =>
      guarded(`mounts of volume ${volume.id}`, () => {
        if (volume.parents.length === 0 && (volume.kind === 'view' || mayBeRebased(volume)))
          expectEmpty(`${root}/empty`);
        return mountsOf(volume);
      }),
    labelsOf: ({ id, kind }) =>
      options.upperdirLabel === true && kind !== 'view'
        ? { 'containerd.io/snapshot/overlay.upperdir': layer(id) }
        : undefined,

    // A layer is the same directory before and after its commit, which therefore only flushes it.
    flush: ({ id }, amongOthers) =>
      guarded(`flush of volume ${id}`, () => {
        expectLayer(id, layer(id));
        return flushes.layer(id, amongOthers);
      }),
    freeze: (volume, parent) => guarded(`freeze of volume ${volume.id}`, () => freeze(volume, parent)),
    unfreeze: async () => {},
    dropActive: async () => {},
    hasCommitted: (id) => isDirectory(layer(id)),

    purge: (id) => guarded(`purge of volume ${id}`, () => remove(directory(id))),
    syncMetadata: () => guarded('flush of the volumes', () => (orderedMetadata ? barrier.pass() : flushes.all())),
    reclaimSpace: async () => false,

    usage: ({ id, kind }, signal) =>
      guarded(`usage of volume ${id}`, () =>
        kind === 'view' ? { bytes: 0, inodes: 0 } : measureLayer(measurer, id, layer(id), signal),
      ),

    ...overlayOrphans(root, remove),
    halt: () => void endThreads(),
    close: async () => {
      await Promise.all([endThreads(), pool.drain()]);
      barrier.close();
    },
  };
}

/** Only root may mount: for another user, a failing mount proves nothing about the root directory. */
const ifMayMount = (tryMount: TryMount | undefined) => (process.geteuid?.() === 0 ? tryMount : undefined);

function driverTraits(
  { slowChown = false }: OverlayOptions,
  { remapIds, rebase }: Readonly<Record<'remapIds' | 'rebase', boolean>>,
): DriverTraits {
  return {
    // The names that containerd's own overlay driver uses.
    capabilities: [
      ...(remapIds ? ['remap-ids'] : []),
      ...(slowChown ? [] : ['only-remap-ids']),
      ...(rebase ? ['rebase'] : []),
    ],
    rebase,
    layersAreDiffs: true,
    fixedMounts: true,
    durableFreeze: false,
  };
}

function expectRemapping({ remapIds = false }: OverlayOptions, { idMappedLayers }: KernelTraits): boolean {
  if (remapIds && !idMappedLayers)
    throw new Fault('unsupported', 'remap_ids is set, but id-mapped mounts are not supported here', {
      hint: "it takes Linux 5.19, a root on ext4, xfs or btrfs, and a daemon in the host's user namespace",
    });
  return remapIds;
}

function expectLayer(id: number, path: string): Stats {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return stats;
  throw missingLayer(`volume ${id}: its layer`, path);
}

/** Checks the empty directory that a view without parent shows, and that is below a layer to rebase. Creates it again if it was deleted. */
function expectEmpty(empty: string): void {
  if (makeDirectory(empty, 0o755) || readdirSync(empty).length === 0) return;
  throw new Fault('misuse', `${empty}: is not empty, and a view without parent shows it`, {
    hint: 'move its content elsewhere',
  });
}

async function measureLayer(thread: TreeThread, id: number, path: string, signal?: AbortSignal): Promise<Usage> {
  const stats = expectLayer(id, path);
  return holdsNothing(path, stats.size) ? { bytes: stats.blocks * 512, inodes: 1 } : thread.measure(path, signal);
}
