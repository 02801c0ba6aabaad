import type { Ioctl } from './ioctl.ts';
import { createSearchBuffer, searchOnce } from './search-tree.ts';

const rootTree = 1;
/** Source: linux/btrfs_tree.h, BTRFS_ORPHAN_OBJECTID and BTRFS_ORPHAN_ITEM_KEY */
const orphans = { object: -5, type: 48 };

/** Numbers of the deleted subvolumes that still hold room. `fd` is any open directory of the file system. */
export async function deletedSubvolumes(ioctl: Ioctl, fd: number): Promise<readonly number[]> {
  const buffer = createSearchBuffer(16 << 10);
  const found: number[] = [];
  const to = { ...orphans, offset: Infinity };
  for (let offset = 0; ; ) {
    const from = { ...orphans, offset };
    const search = { tree: rootTree, from, to, since: 0, buffer };
    const met = await searchOnce(ioctl, fd, search, (key) => void found.push(key.offset));
    if (met === undefined) return found;
    offset = met.offset + 1;
  }
}
