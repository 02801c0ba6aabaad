import { join } from 'node:path';
import type { LayerFiles } from '../../../ports/layer-files.ts';
import { stepsLeft, walk } from '../shared/walk-layer.ts';

/** Layers of the btrfs driver: whole trees. A snapshot keeps inode numbers and times of what it does not change. */
export function createBtrfsLayerFiles(root: string): LayerFiles {
  return {
    whole: true,
    look: async ({ id, committed }, path) => {
      const walked = walk(join(root, 'snapshots', String(id), committed ? 'layer' : 'fs'), path);
      return { entry: walked.entry, left: stepsLeft(walked, path), below: path };
    },
  };
}
