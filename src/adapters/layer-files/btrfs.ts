import { join } from 'node:path';
import type { LayerFiles } from '../../ports/layer-files.ts';
import { walk } from './walk.ts';

/** Layers of the btrfs driver: whole trees. A snapshot keeps inode numbers and times of what it does not change. */
export function createBtrfsLayerFiles(root: string): LayerFiles {
  return {
    whole: true,
    entryAt: ({ id, committed }, path) =>
      walk(join(root, 'snapshots', String(id), committed ? 'layer' : 'fs'), path, async () => undefined),
  };
}
