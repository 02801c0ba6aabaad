import { join } from 'node:path';
import type { LayerFiles } from '../../../ports/layers.ts';
import type { FindTree } from '../shared/layers/manifest.ts';
import { ownEntries } from '../shared/layers/own-entries.ts';
import { stepsLeft, walk } from '../shared/layers/walk-layer.ts';
import { differenceOf } from './carry/difference.ts';
import { createLayout } from './layout.ts';

/** Layers of the btrfs driver are complete trees. A snapshot keeps inode numbers and times of what it does not change. */
export function createBtrfsLayerFiles(root: string): LayerFiles {
  return {
    complete: true,
    inspect: async ({ id, committed }, path) => {
      const walked = walk(join(root, 'snapshots', String(id), committed ? 'layer' : 'fs'), path);
      return { entry: walked.entry, left: stepsLeft(walked, path), below: path };
    },
    own: (layer, limit) => ownEntries(ownTreeBtrfs(root), layer, limit),
  };
}

/** A subvolume shows all of its parents' files: its own are those that differ from its parent's. */
export function ownTreeBtrfs(root: string): FindTree {
  const { layer } = createLayout(root);
  return ({ id, parents: [parent] }) => {
    const { changed, removed } = differenceOf(parent === undefined ? undefined : layer(parent), layer(id));
    return { top: layer(id), paths: ['', ...changed], removed };
  };
}
