import type { FindTree } from '../shared/layer-tree.ts';
import { differenceOf } from './carry/difference.ts';
import { createLayout } from './layout.ts';

/** A subvolume shows all of its parents' files: its own are those that differ from its parent's. */
export function ownTreeBtrfs(root: string): FindTree {
  const { layer } = createLayout(root);
  return ({ id, parents: [parent] }) => {
    const { changed, removed } = differenceOf(parent === undefined ? undefined : layer(parent), layer(id));
    return { top: layer(id), paths: ['', ...changed], removed };
  };
}
