import { release } from 'node:os';
import { copyTree, liftFlags, placeApart, tryMount } from '../adapters/system/commands.ts';
import { bootId, rootOf } from '../adapters/system/machine.ts';
import { nativeCalls } from '../adapters/system/native-calls.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import { createSystem } from '../adapters/system/system.ts';
import { createBallast } from '../adapters/volume-driver/btrfs/ballast.ts';
import { createBtrfsDriver } from '../adapters/volume-driver/btrfs/btrfs-driver.ts';
import { createBtrfsCarrier } from '../adapters/volume-driver/btrfs/carry/btrfs-carrier.ts';
import { createBtrfsCalls } from '../adapters/volume-driver/btrfs/ioctl/btrfs-calls.ts';
import { createBtrfsLayerFiles, ownTreeBtrfs } from '../adapters/volume-driver/btrfs/layers.ts';
import { createLayout } from '../adapters/volume-driver/btrfs/layout.ts';
import { createMounts, rebasingKernel } from '../adapters/volume-driver/btrfs/mounts.ts';
import { createUsageMeter } from '../adapters/volume-driver/btrfs/usage.ts';
import { btrfsOrphans } from '../adapters/volume-driver/btrfs/volume.ts';
import { createMemoryDriver, mountOf } from '../adapters/volume-driver/memory-driver.ts';
import {
  createOverlayCarrier,
  createOverlayLayerFiles,
  ownTreeOverlay,
} from '../adapters/volume-driver/overlay/layers.ts';
import { createOverlayDriver } from '../adapters/volume-driver/overlay/overlay-driver.ts';
import { createOverlayMounts, type OverlayOptions } from '../adapters/volume-driver/overlay/overlay-mounts.ts';
import { overlayOrphans } from '../adapters/volume-driver/overlay/volume.ts';
import { kernelTraits } from '../adapters/volume-driver/shared/kernel-traits.ts';
import { alteredEntries, type LayerAccess } from '../adapters/volume-driver/shared/layers/manifest.ts';
import { measureTree } from '../adapters/volume-driver/shared/trees/measure-tree.ts';
import type { VolumeScan } from '../cli/cli-deps.ts';
import type { DriverName } from '../config/config.ts';
import type { Ballast } from '../ports/disk-space.ts';
import type { Failpoint } from '../ports/failpoints.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { LayerFiles, LayerInspector, VolumeCarrier } from '../ports/layers.ts';
import type { Logger } from '../ports/logger.ts';
import type { System } from '../ports/system.ts';
import type { MountPlan, Volume, VolumeDriver } from '../ports/volume-driver.ts';
import { createLayerThread } from './threads/layer-thread.ts';

export interface DriverSettings {
  readonly driver: DriverName;
  readonly root: string;
  readonly overlay: OverlayOptions;
}

export interface DriverTools {
  readonly system: System;
  readonly failpoint: Failpoint;
  /** none if the root is opened for a moment only */
  readonly ballast?: Ballast | undefined;
}

/** What a driver keeps in files, and how it is read and carried. */
interface DriverFiles {
  layers(root: string): LayerFiles;
  carrier(root: string): VolumeCarrier;
  /** the tree of a layer */
  findTree(root: string): LayerAccess['findTree'];
  usage(root: string): LayerInspector['usage'];
  /** usage is that of the difference to the parent, and changes with it */
  readonly relative: boolean;
}

/** Everything that depends on which driver a store was made with. */
interface DriverParts {
  /** Checks the root and lays it out. */
  create(settings: DriverSettings, tools: DriverTools): Promise<VolumeDriver>;
  /** Looks at the volumes of a root, which is not changed. */
  scan(root: string): Omit<VolumeScan, 'boot'>;
  /** Computes mounts of a root, which is not changed. */
  mounts(settings: Pick<DriverSettings, 'root' | 'overlay'>): Pick<MountPlan, 'viewsAreVolumes' | 'mounts'>;
  /** undefined for a driver without files */
  readonly files?: DriverFiles;
}

const overlay: DriverParts = {
  create: ({ root, overlay: options }, { system, failpoint }) =>
    createOverlayDriver({
      root,
      system,
      options,
      tryMount,
      liftFlags,
      placeApart,
      layers: createLayerThread(),
      files: nativeCalls().files,
      failpoint,
    }),
  scan: (root) => {
    const { scan, isPristine } = overlayOrphans(root, () => 0);
    return { scan, isPristine, occupies: ({ kind }) => kind !== 'view' };
  },
  mounts: ({ root, overlay: { mountOptions = [], remapIds = false } }) => ({
    viewsAreVolumes: false,
    mounts: async (volume, path) => createOverlayMounts(path, kernelTraits(root), { mountOptions, remapIds })(volume),
  }),
  files: {
    layers: (root) => createOverlayLayerFiles(root, runCommand),
    carrier: createOverlayCarrier,
    findTree: ownTreeOverlay,
    usage:
      (root) =>
      async ({ id }) =>
        measureTree(`${root}/snapshots/${id}/fs`),
    relative: false,
  },
};

const btrfs: DriverParts = {
  create: async ({ root, overlay: { stageLayers } }, { system, failpoint, ballast }) => {
    if (stageLayers)
      throw new Fault('misuse', "overlay.stage_layers is set, but the driver btrfs can't stage layers", {
        hint: 'its layers are whole trees, not what they add: unset it, or use the driver overlay, on btrfs too',
      });
    return createBtrfsDriver({
      root,
      system,
      calls: btrfsCalls(),
      copyTree,
      layers: createLayerThread(),
      liftFlags,
      ballast,
      failpoint,
    });
  },
  scan: (root) => {
    const { syncFileSystem } = createSystem();
    const orphans = btrfsOrphans({ root, calls: btrfsCalls(), syncFileSystem, remove: async () => 0 });
    return { scan: orphans.scan, isPristine: orphans.isPristine, occupies: () => true };
  },
  mounts: ({ root }) => ({
    viewsAreVolumes: true,
    mounts: async (volume, path) => {
      if (path !== root)
        throw new Fault('missing', `${root}: has no subvolumes of a store that is at ${path}`, {
          hint: 'their ids are known only on the file system that they are on',
        });
      const kernel = rebasingKernel(root, kernelTraits(root));
      return createMounts({ layout: createLayout(root), calls: btrfsCalls(), kernel }).mountsOf(volume);
    },
  }),
  files: {
    layers: createBtrfsLayerFiles,
    carrier: (root) => {
      const { syncFileSystem } = createSystem();
      return createBtrfsCarrier({ root, run: runInBytes, files: nativeCalls().files, syncFileSystem });
    },
    findTree: ownTreeBtrfs,
    usage: (root) => {
      const { syncFileSystem } = createSystem();
      const measure = createUsageMeter({ root, calls: btrfsCalls(), syncFileSystem, lag: 0 });
      const { signal } = new AbortController();
      return (volume) => measure(volume, signal);
    },
    relative: true,
  },
};

const memory: DriverParts = {
  create: async () => createMemoryDriver(),
  scan: () => ({ scan: async () => [], isPristine: async () => false, occupies: () => false }),
  mounts: () => ({ viewsAreVolumes: false, mounts: async (volume) => [mountOf(volume)] }),
};

const drivers: Readonly<Record<DriverName, DriverParts>> = { overlay, btrfs, memory };

const btrfsCalls = () => createBtrfsCalls(nativeCalls().ioctl);
/** Names are bytes: latin1 keeps each. */
const runInBytes: LayerAccess['run'] = (file, args) => runCommand(file, args, { encoding: 'latin1' });

/** The driver that the settings name, over its root, which it checks and lays out. Rejects with a Fault. */
export const createDriver = (settings: DriverSettings, tools: DriverTools): Promise<VolumeDriver> =>
  drivers[settings.driver].create(settings, tools);

/** What frees space on a full file system; undefined if the root's file system needs none. */
export function createRootBallast(
  root: string,
  { system: { preallocate }, logger }: { readonly system: System; readonly logger: Logger },
): Ballast | undefined {
  return createBallast({ root, calls: btrfsCalls(), preallocate, warn: (message) => logger.warn({}, message) });
}

/** Scans volumes without opening the driver, which would lay out its root. Throws a Fault (`unsupported`). */
export const openScan = (root: string, driver: string): VolumeScan => ({
  ...partsOf(driver).scan(root),
  boot: bootId(),
});

/** Computes the mounts of a root's volumes. Throws a Fault (`unsupported`) for a driver of a later release. */
export function openMounts({ root: directory, overlay }: Omit<DriverSettings, 'driver'>, driver: string): MountPlan {
  const root = rootOf(directory);
  return { root, kernel: release(), ...partsOf(driver).mounts({ root: root.path, overlay }) };
}

/** Reads the files of layers. Throws a Fault (`unsupported`) for a driver without files. */
export const openLayers = (root: string, driver: string): LayerFiles =>
  filesOf(driver, 'blame works on overlay and btrfs').layers(root);

/** Carries volumes into and out of an export. Throws a Fault (`unsupported`) for a driver without files. */
export const openCarrier = (root: string, driver: string): VolumeCarrier =>
  filesOf(driver, 'leave --volumes out: the log can be exported').carrier(root);

/** Compares layers with what was measured of them. Throws a Fault (`unsupported`) for a driver without files. */
export function openInspector(root: string, driver: string): LayerInspector {
  const { usage, relative } = filesOf(driver, 'leave --deep out: it works on overlay and btrfs');
  const looking = layerAccess(root, driver);
  const named =
    <T>(inspect: (volume: Volume) => Promise<T>) =>
    (volume: Volume) =>
      inspect(volume).catch((error) => {
        throw faultOf(error, `snapshots/${volume.id}`);
      });
  return { relative, usage: named(usage(root)), altered: named((volume) => alteredEntries(looking, volume)) };
}

/** How manifests read layers. Throws a Fault (`unsupported`) for a driver without files. */
export const layerAccess = (root: string, driver: string): LayerAccess => ({
  root,
  findTree: filesOf(driver, 'leave manifests out').findTree(root),
  run: runInBytes,
});

function partsOf(name: string): DriverParts {
  const parts = Object.hasOwn(drivers, name) ? drivers[name as DriverName] : undefined;
  if (parts !== undefined) return parts;
  throw new Fault('unsupported', `this release does not know the driver ${name}`, {
    hint: 'use the release that made the store',
  });
}

function filesOf(name: string, hint: string): DriverFiles {
  const { files } = partsOf(name);
  if (files !== undefined) return files;
  throw new Fault('unsupported', `the driver ${name} keeps no files`, { hint });
}
