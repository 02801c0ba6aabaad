import { type Ioctl, readNumber } from './ioctl.ts';
import { createSearchBuffer, type Key, searchOnce } from './search-tree.ts';

const extentTree = 2;
const extentItem = 168;
/** Some 150 items: extents of one layer lie side by side as a rule, but not always. */
const room = 16 << 10;

/**
 * Those of the extents (start on the disk, with their size) that were on the disk before a transaction ended: a reflink
 * copy of a parent's file is a new item in the child's tree, but takes no room.
 */
export async function olderExtents(
  ioctl: Ioctl,
  fd: number,
  extents: ReadonlyMap<number, number>,
  transaction: number,
): Promise<readonly number[]> {
  const older: number[] = [];
  const starts = [...extents.keys()].sort((a, b) => a - b);
  const to: Key = { object: starts.at(-1) ?? 0, type: extentItem, offset: Infinity };
  const buffer = createSearchBuffer(room);
  for (let next = 0; next < starts.length; ) {
    const from: Key = { object: starts[next] ?? 0, type: extentItem, offset: 0 };
    const search = { tree: extentTree, from, to, since: 0, buffer };
    const met = await searchOnce(ioctl, fd, search, ({ object, type }, data) => {
      if (type === extentItem && extents.has(object) && readNumber(data, 8) <= transaction) older.push(object);
    });
    if (met === undefined) break;
    while (next < starts.length && (starts[next] ?? 0) <= met.object) next += 1;
  }
  return older;
}
