import { lstatSync, readdirSync } from 'node:fs';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import type { Usage, Volume, VolumeDriver } from '../../../ports/volume-driver.ts';
import { hasOrderedMetadata } from '../../system/file-system.ts';
import { isVacant, makeDirectory } from '../shared/exact-directory.ts';
import { type LiftFlags, liftingFlags } from '../shared/lift-flags.ts';
import { createTreeThread, type TreeThread } from '../shared/tree-thread.ts';
import { checkOverlayRoot } from './check-overlay-root.ts';
import { createVolume } from './create-volume.ts';
import { flushFew } from './flush-few.ts';
import { type KernelTraits, kernelTraits } from './kernel-traits.ts';
import { createLayerFlush } from './layer-flush.ts';
import { orphanDeeds } from './orphans.ts';
import { createOverlayMounts } from './overlay-mounts.ts';
import type { OverlayOptions, TryMount } from './overlay-options.ts';

export interface OverlaySetup {
  /** made if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem'>;
  readonly options?: OverlayOptions;
  /** how the check of the root tries an overlay mount; left out, none is tried */
  readonly tryMount?: TryMount | undefined;
  /** left out, what a container made immutable stays where it is */
  readonly liftFlags?: LiftFlags;
  readonly failpoint?: Failpoint;
}

const upperdirKey = 'containerd.io/snapshot/overlay.upperdir';

/**
 * Volumes as directories below `ROOT/snapshots`, stacked by the kernel's overlay file system. Checks the root and lays it
 * out first. Neither a freeze nor the end of a commit does anything here: a layer is a directory, active or committed, and its
 * work directory stays beside it until it is purged.
 */
export async function createOverlayDriver(setup: OverlaySetup): Promise<VolumeDriver> {
  const { system, liftFlags, options = {}, failpoint = noFailpoints } = setup;
  const { root, traits, remapIds } = await openRoot(setup);
  const measurer = createTreeThread(`${root}/snapshots`);
  const remover = createTreeThread(`${root}/snapshots`);
  const layer = (id: number) => `${root}/snapshots/${id}/fs`;
  const ordered = hasOrderedMetadata(root);
  const flushAlone = async (id: number) => ordered && flushFew(layer(id));
  const flushLayer = createLayerFlush(root, system.syncFileSystem, flushAlone);
  const mountsOf = createOverlayMounts(root, traits, { ...options, remapIds });
  const remove = (path: string) => {
    failpoint('overlay.purge');
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return 0;
    return liftingFlags(path, liftFlags, () => remover.remove(path));
  };
  const closeWalkers = async () => void (await Promise.all([measurer.close(), remover.close()]));
  return {
    name: 'overlay',
    traits: {
      capabilities: capabilitiesOf(options, remapIds),
      rebase: true,
      fixedMounts: true,
      durableFreeze: false,
      orderedMetadata: ordered,
    },
    ...orphanDeeds(root, remove),
    occupies: ({ kind }) => kind !== 'view',
    isVacant: (id) => isVacant(`${root}/snapshots/${id}`),
    create: (volume) => guarded(volume, 'create', () => createVolume(root, volume, { failpoint, remapIds })),
    mounts: (volume) =>
      guarded(volume, 'mounts', () => {
        if (volume.kind === 'view' && volume.parents.length === 0) expectNothingIn(`${root}/empty`);
        return mountsOf(volume);
      }),
    flush: (volume) =>
      guarded(volume, 'flush', () => {
        expectLayer(volume, layer(volume.id));
        return flushLayer(volume.id);
      }),
    freeze: (volume) => guarded(volume, 'freeze', () => void expectLayer(volume, layer(volume.id))),
    unfreeze: async () => {},
    dropActive: async () => {},
    hasCommitted: (id) => lstatSync(layer(id), { throwIfNoEntry: false })?.isDirectory() === true,
    labelsOf: labelling(options, layer),
    syncMetadata: async () => (ordered ? undefined : system.syncFileSystem(root)),
    reclaimSpace: async () => false,
    usage: (volume, signal) =>
      guarded(volume, 'usage', () => usageOf(volume, layer(volume.id), (path) => measurer.measure(path, signal))),
    purge: (id) => guarded({ id }, 'purge', () => remove(`${root}/snapshots/${id}`)),
    halt: () => void closeWalkers(),
    close: closeWalkers,
  };
}

/** Only root can try a mount: what another user is told by the kernel says nothing of the root. */
async function openRoot({ root, tryMount, options = {} }: OverlaySetup) {
  const path = await checkOverlayRoot(root, process.geteuid?.() === 0 ? tryMount : undefined, options.mountOptions);
  const traits = kernelTraits(path);
  return { root: path, traits, remapIds: remaps(options, traits) };
}

function labelling({ upperdirLabel = false }: OverlayOptions, layer: (id: number) => string): VolumeDriver['labelsOf'] {
  return ({ id, kind }) => (upperdirLabel && kind !== 'view' ? { [upperdirKey]: layer(id) } : undefined);
}

function remaps({ remapIds = false }: OverlayOptions, { idMappedLayers }: KernelTraits): boolean {
  if (remapIds && !idMappedLayers)
    throw new Fault('unsupported', 'remap_ids is set, but id-mapped mounts are not supported here', {
      hint: "it takes Linux 5.19, a root on ext4, xfs or btrfs, and a daemon in the host's user namespace",
    });
  return remapIds;
}

/** The names that containerd's own overlay driver gives. */
function capabilitiesOf({ slowChown = false }: OverlayOptions, remapIds: boolean): readonly string[] {
  return [...(remapIds ? ['remap-ids'] : []), ...(slowChown ? [] : ['only-remap-ids']), 'rebase'];
}

async function guarded<T>({ id }: Pick<Volume, 'id'>, deed: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw faultOf(error, `${deed} of volume ${id}`);
  }
}

function expectLayer({ id }: Volume, path: string) {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return stats;
  throw new Fault('io', `volume ${id}: its layer ${path} is missing`, {
    hint: '`snapledger verify` lists what the disk lacks',
  });
}

/** What a view without parent shows, which nothing may have been put into. One that was deleted is made again. */
function expectNothingIn(empty: string): void {
  if (makeDirectory(empty, 0o755) || readdirSync(empty).length === 0) return;
  throw new Fault('misuse', `${empty}: is not empty, and a view without parent shows it`, {
    hint: 'move out what was put into it',
  });
}

/** A directory of more bytes than this is not read on the main thread, and taken for one that has something in it. */
const smallDirectory = 4096;

function isEmptyLayer(path: string, { size } = lstatSync(path)): boolean {
  return size <= smallDirectory && readdirSync(path).length === 0;
}

function usageOf(volume: Volume, path: string, measure: TreeThread['measure']): Usage | Promise<Usage> {
  if (volume.kind === 'view') return { bytes: 0, inodes: 0 };
  const stats = expectLayer(volume, path);
  return isEmptyLayer(path, stats) ? { bytes: stats.blocks * 512, inodes: 1 } : measure(path);
}
