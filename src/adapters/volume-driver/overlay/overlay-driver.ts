import { readdirSync } from 'node:fs';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { FileCalls, System } from '../../../ports/system.ts';
import type { DriverTraits, VolumeDriver } from '../../../ports/volume-driver.ts';
import { hasOrderedMetadata } from '../../system/file-system.ts';
import { isVacant, makeDirectory } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import { type KernelTraits, kernelTraits } from '../shared/kernel-traits.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import type { LiftFlags } from '../shared/lift-flags.ts';
import { clearPool, createVolumePool, inheritsAlike } from '../shared/pool.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import { checkOverlayRoot } from './check-overlay-root.ts';
import { createCommits } from './commit.ts';
import { createEmptyLayer } from './empty-layer.ts';
import { canRebase, createOverlayMounts, type OverlayOptions, type TryMount } from './overlay-mounts.ts';
import { canShareData, clearStaging, createStaging } from './staging.ts';
import { createTrees } from './trees.ts';
import { createVolume, overlayOrphans, type Paths, pathsIn } from './volume.ts';

interface OverlaySetup {
  /** created if missing */
  readonly root: string;
  readonly system: Pick<System, 'syncFileSystem' | 'writeData'>;
  readonly options?: OverlayOptions;
  /** how the check of the root tries an overlay mount; without it, none is tried */
  readonly tryMount?: TryMount | undefined;
  /** without it, a file that a container made immutable is not deleted */
  readonly liftFlags?: LiftFlags;
  /** asks the file system to place volumes apart from each other, if that is of use; without it, they lie as it places them */
  readonly placeApart?: (directories: readonly string[]) => void;
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
  setup.placeApart?.([`${root}/snapshots`, `${root}/pool`]);
  const kernel = kernelTraits(root);
  const remapIds = expectRemapping(options, kernel);
  const rebase = canRebase(kernel, options);
  const orderedMetadata = hasOrderedMetadata(root);
  const paths = pathsIn(root);
  const trees = createTrees({ root, paths, removers: orderedMetadata ? 2 : 4, liftFlags, failpoint });
  const { remove } = trees;
  const { close: closeCommits, ...commits } = createCommits({
    ...{ root, paths, system, orderedMetadata, rebase, layers, files },
  });
  await clearStaging({ root, remove });
  clearPool(root);
  const pool = createVolumePool({ root, size: files === undefined || inheritsAlike(root, files) ? 8 : 0, failpoint });
  const staging = options.stageLayers && layers && canShareData(root);
  const endThreads = () => Promise.all([trees.close(), layers?.close()]);
  return {
    name: 'overlay',
    traits: driverTraits(options, { remapIds, rebase }),
    staging: staging ? createStaging({ root, layers, remove, failpoint }) : undefined,
    pool,
    occupies: ({ kind }) => kind !== 'view',
    isVacant: (id) => isVacant(paths.directory(id)),
    create: (volume) =>
      guarded(`create of volume ${volume.id}`, () => {
        if (files && volume.empty !== undefined)
          return createEmptyLayer(paths.directory(volume.id), volume.empty, files);
        if (rebase && mayBeRebased(volume)) layers?.start();
        return createVolume(root, volume, { failpoint, remapIds, pool });
      }),
    ...mounting(root, paths, createOverlayMounts(root, kernel, { ...options, remapIds }), options),
    ...commits,
    purge: trees.purge,
    usage: trees.usage,
    ...overlayOrphans(root, remove),
    halt: () => void endThreads(),
    close: async () => {
      await Promise.all([endThreads(), pool.drain()]);
      closeCommits();
    },
  };
}

function mounting(
  root: string,
  paths: Paths,
  mountsOf: ReturnType<typeof createOverlayMounts>,
  { upperdirLabel }: OverlayOptions,
): Pick<VolumeDriver, 'mounts' | 'labelsOf'> {
  return {
    mounts: (volume) =>
      guarded(`mounts of volume ${volume.id}`, () => {
        if (volume.parents.length === 0 && (volume.kind === 'view' || mayBeRebased(volume)))
          expectEmpty(`${root}/empty`);
        return mountsOf(volume);
      }),
    labelsOf: ({ id, kind }) =>
      upperdirLabel === true && kind !== 'view'
        ? { 'containerd.io/snapshot/overlay.upperdir': paths.layer(id) }
        : undefined,
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

/** Checks the empty directory that a view without parent shows, and that is below a layer to rebase. Creates it again if it was deleted. */
function expectEmpty(empty: string): void {
  if (makeDirectory(empty, 0o755) || readdirSync(empty).length === 0) return;
  throw new Fault('misuse', `${empty}: is not empty, and a view without parent shows it`, {
    hint: 'move its content elsewhere',
  });
}
