import { createBtrfsLayerFiles } from './adapters/layer-files/btrfs.ts';
import { createOverlayLayerFiles } from './adapters/layer-files/overlay.ts';
import { runCommand } from './adapters/system/run-command.ts';
import { Fault } from './ports/fault.ts';
import type { LayerFiles } from './ports/layer-files.ts';

/** What looks into the layers of a store that was made with this driver. Throws a Fault (`unsupported`) for one without files. */
export function openLayers(root: string, driver: string): LayerFiles {
  if (driver === 'overlay') return createOverlayLayerFiles(root, runCommand);
  if (driver === 'btrfs') return createBtrfsLayerFiles(root);
  throw new Fault('unsupported', `the driver ${driver} keeps no files to look at`, {
    hint: 'blame works on overlay and btrfs',
  });
}
