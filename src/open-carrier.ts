import { copyTree } from './adapters/system/copy-tree.ts';
import { runCommand } from './adapters/system/run-command.ts';
import { createBtrfsCarrier } from './adapters/volume-driver/btrfs/carry/btrfs-carrier.ts';
import { createOverlayCarrier } from './adapters/volume-driver/overlay/overlay-carrier.ts';
import { Fault } from './ports/fault.ts';
import type { VolumeCarrier } from './ports/volume-carrier.ts';

/** What carries the volumes of a store that was made with this driver. Throws a Fault (`unsupported`) for one without files. */
export function openCarrier(root: string, driver: string): VolumeCarrier {
  if (driver === 'overlay') return createOverlayCarrier(root);
  if (driver === 'btrfs')
    return createBtrfsCarrier({ root, copyTree, run: (file, args) => runCommand(file, args, { encoding: 'latin1' }) });
  throw new Fault('unsupported', `the layers of the driver ${driver} can't be carried`, {
    hint: 'leave --volumes out: the log alone can',
  });
}
