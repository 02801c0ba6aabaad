import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import type { Usage, VolumeDriver } from '../../../ports/volume-driver.ts';
import { hasOrderedMetadata } from '../../system/file-system.ts';
import { isDirectory, isVacant, makeDirectory } from '../shared/directories.ts';
import { guarded, missingLayer } from '../shared/faults.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { createTreeThread } from '../shared/trees/tree-thread.ts';
import { checkOverlayRoot } from './check-overlay-root.ts';
import { createLayerFlush, flushFew } from './flush.ts';
import { type KernelTraits, kernelTraits } from './kernel-traits.ts';
import { createOverlayMounts, type OverlayOptions, type TryMount } from './overlay-mounts.ts';
import { createVolume, overlayOrphans } from './volume.ts';

export interface OverlaySetup {
  /** created if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem'>;
  readonly options?: OverlayOptions;
  /** how the check of the root tries an overlay mount; left out, none is tried */
  readonly tryMount?: TryMount | undefined;
  /** left out, what a container made immutable is not deleted */
  readonly liftFlags?: LiftFlags;
  readonly failpoint?: Failpoint;
}

/**
 * Volumes as directories below `ROOT/snapshots`, stacked by the kernel's overlay file system: `<id>/fs` is the layer, `<id>/work`
 * the kernel's own. A view has no directory. Checks the root and lays it out first.
 */
export async function createOverlayDriver(setup: OverlaySetup): Promise<VolumeDriver> {
  const { system, tryMount, liftFlags, options = {}, failpoint = noFailpoints } = setup;
  // What the kernel answers another user about mounts says nothing about the root.
  const tried = process.geteuid?.() === 0 ? tryMount : undefined;
  const root = await checkOverlayRoot(setup.root, tried, options.mountOptions);
  const traits = kernelTraits(root);
  const remapIds = expectRemapping(options, traits);
  const orderedMetadata = hasOrderedMetadata(root);
  const directory = (id: number) => `${root}/snapshots/${id}`;
  const layer = (id: number) => `${directory(id)}/fs`;
  const mountsOf = createOverlayMounts(root, traits, { ...options, remapIds });
  const flushAlone = async (id: number) => orderedMetadata && flushFew(layer(id));
  const flushLayer = createLayerFlush(root, system.syncFileSystem, flushAlone);
  const [measurer, remover] = [createTreeThread(`${root}/snapshots`), createTreeThread(`${root}/snapshots`)];
  const remove = (path: string) => {
    failpoint('overlay.purge');
    return isVacant(path) ? 0 : liftingFlags(path, liftFlags, () => remover.remove(path));
  };
  const close = async () => void (await Promise.all([measurer.close(), remover.close()]));
  return {
    name: 'overlay',
    traits: {
      // The names that containerd's own overlay driver uses.
      capabilities: [
        ...(remapIds ? ['remap-ids'] : []),
        ...(options.slowChown === true ? [] : ['only-remap-ids']),
        'rebase',
      ],
      rebase: true,
      fixedMounts: true,
      durableFreeze: false,
      orderedMetadata,
    },
    occupies: ({ kind }) => kind !== 'view',
    isVacant: (id) => isVacant(directory(id)),

    create: (volume) =>
      guarded(`create of volume ${volume.id}`, () => createVolume(root, volume, { failpoint, remapIds })),
    mounts: (volume) =>
      guarded(`mounts of volume ${volume.id}`, () => {
        if (volume.kind === 'view' && volume.parents.length === 0) expectEmpty(`${root}/empty`);
        return mountsOf(volume);
      }),
    labelsOf: ({ id, kind }) =>
      options.upperdirLabel === true && kind !== 'view'
        ? { 'containerd.io/snapshot/overlay.upperdir': layer(id) }
        : undefined,

    // A layer is the same directory before and after its commit, which therefore only flushes it.
    flush: ({ id }) =>
      guarded(`flush of volume ${id}`, () => {
        expectLayer(id, layer(id));
        return flushLayer(id);
      }),
    freeze: ({ id }) => guarded(`freeze of volume ${id}`, () => void expectLayer(id, layer(id))),
    unfreeze: async () => {},
    dropActive: async () => {},
    hasCommitted: (id) => isDirectory(layer(id)),

    purge: (id) => guarded(`purge of volume ${id}`, () => remove(directory(id))),
    syncMetadata: async () => (orderedMetadata ? undefined : system.syncFileSystem(root)),
    reclaimSpace: async () => false,

    usage: ({ id, kind }, signal) =>
      guarded(`usage of volume ${id}`, (): Usage | Promise<Usage> => {
        if (kind === 'view') return { bytes: 0, inodes: 0 };
        const stats = expectLayer(id, layer(id));
        if (isEmpty(layer(id), stats)) return { bytes: stats.blocks * 512, inodes: 1 };
        return measurer.measure(layer(id), signal);
      }),

    ...overlayOrphans(root, remove),
    halt: () => void close(),
    close,
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

/** Checks the directory that views without parent show. Creates it again if it was deleted. */
function expectEmpty(empty: string): void {
  if (makeDirectory(empty, 0o755) || readdirSync(empty).length === 0) return;
  throw new Fault('misuse', `${empty}: is not empty, and a view without parent shows it`, {
    hint: 'move out what was put into it',
  });
}

/** A directory of more bytes than this is not read on the main thread, and counts as not empty. */
const smallDirectory = 4096;

const isEmpty = (path: string, { size }: Stats): boolean => size <= smallDirectory && readdirSync(path).length === 0;
