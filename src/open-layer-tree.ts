import { runCommand } from './adapters/system/run-command.ts';
import { ownTreeBtrfs } from './adapters/volume-driver/btrfs/own-tree.ts';
import type { Looking } from './adapters/volume-driver/manifest/manifest-file.ts';
import { ownTreeOverlay } from './adapters/volume-driver/overlay/own-tree.ts';

/** How manifests look at the layers of a store that was made with this driver. */
export const lookingAt = (root: string, driver: string): Looking => ({
  root,
  findTree: driver === 'btrfs' ? ownTreeBtrfs(root) : ownTreeOverlay(root),
  run: (file, args) => runCommand(file, args, { encoding: 'latin1' }),
});
