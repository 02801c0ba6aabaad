import { copyTree } from '../adapters/system/commands.ts';
import { nativeCalls } from '../adapters/system/native-calls.ts';
import { runCommand } from '../adapters/system/run-command.ts';
import { createSystem } from '../adapters/system/system.ts';
import { createBtrfsCalls } from '../adapters/volume-driver/btrfs/btrfs-calls.ts';
import { createBtrfsCarrier } from '../adapters/volume-driver/btrfs/carry/btrfs-carrier.ts';
import { createBtrfsLayerFiles } from '../adapters/volume-driver/btrfs/layer-files.ts';
import { createLayout } from '../adapters/volume-driver/btrfs/layout.ts';
import { createOwnMeter } from '../adapters/volume-driver/btrfs/measure-own.ts';
import { ownTreeBtrfs } from '../adapters/volume-driver/btrfs/own-tree.ts';
import { createOverlayLayerFiles } from '../adapters/volume-driver/overlay/layer-files.ts';
import { createOverlayCarrier } from '../adapters/volume-driver/overlay/overlay-carrier.ts';
import { ownTreeOverlay } from '../adapters/volume-driver/overlay/own-tree.ts';
import { alteredEntries } from '../adapters/volume-driver/shared/compare-layer.ts';
import type { Looking } from '../adapters/volume-driver/shared/manifest-file.ts';
import { measureTree } from '../adapters/volume-driver/shared/measure-tree.ts';
import { Fault, faultOf } from '../ports/fault.ts';
import type { LayerFiles } from '../ports/layer-files.ts';
import type { LayerInspector } from '../ports/layer-inspector.ts';
import type { VolumeCarrier } from '../ports/volume-carrier.ts';
import type { Usage, Volume } from '../ports/volume-driver.ts';

/** What looks into the layers of a store that was made with this driver. Throws a Fault (`unsupported`) for one without files. */
export function openLayers(root: string, driver: string): LayerFiles {
  if (driver === 'overlay') return createOverlayLayerFiles(root, runCommand);
  if (driver === 'btrfs') return createBtrfsLayerFiles(root);
  throw new Fault('unsupported', `the driver ${driver} keeps no files to look at`, {
    hint: 'blame works on overlay and btrfs',
  });
}

/** What carries the volumes of a store that was made with this driver. Throws a Fault (`unsupported`) for one without files. */
export function openCarrier(root: string, driver: string): VolumeCarrier {
  if (driver === 'overlay') return createOverlayCarrier(root);
  if (driver === 'btrfs')
    return createBtrfsCarrier({ root, copyTree, run: (file, args) => runCommand(file, args, { encoding: 'latin1' }) });
  throw new Fault('unsupported', `the layers of the driver ${driver} can't be carried`, {
    hint: 'leave --volumes out: the log alone can',
  });
}

/** What compares the layers of a store that was made with this driver. The driver itself is not opened: that would lay out its root. Throws a Fault (`unsupported`) for one without files. */
export function openInspector(root: string, driver: string): LayerInspector {
  if (driver !== 'overlay' && driver !== 'btrfs')
    throw new Fault('unsupported', `the driver ${driver} keeps no files to compare`, {
      hint: 'leave --deep out: it works on overlay and btrfs',
    });
  const usage =
    driver === 'btrfs' ? btrfsUsage(root) : async ({ id }: Volume) => measureTree(`${root}/snapshots/${id}/fs`);
  const looking = lookingAt(root, driver);
  const guarded =
    <T>(act: (volume: Volume) => Promise<T>) =>
    (volume: Volume) =>
      act(volume).catch((error) => {
        throw faultOf(error, `snapshots/${volume.id}`);
      });
  return {
    relative: driver === 'btrfs',
    usage: guarded(usage),
    altered: guarded((volume) => alteredEntries(looking, volume)),
  };
}

function btrfsUsage(root: string): (volume: Volume) => Promise<Usage | undefined> {
  const calls = createBtrfsCalls(nativeCalls().ioctl);
  const { syncFileSystem } = createSystem();
  const measure = createOwnMeter({ layout: createLayout(root), calls, syncFileSystem, lag: 0 });
  const { signal } = new AbortController();
  return (volume) => measure(volume, signal);
}

/** How manifests look at the layers of a store that was made with this driver. */
export const lookingAt = (root: string, driver: string): Looking => ({
  root,
  findTree: driver === 'btrfs' ? ownTreeBtrfs(root) : ownTreeOverlay(root),
  run: (file, args) => runCommand(file, args, { encoding: 'latin1' }),
});
