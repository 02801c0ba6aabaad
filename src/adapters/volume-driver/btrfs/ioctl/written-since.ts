import type { Usage } from '../../../../ports/volume-driver.ts';
import { type Ioctl, readNumber } from './ioctl.ts';
import { createSearchBuffer, type Key, last, searchOnce, searchTree } from './search-tree.ts';
import { rootInode } from './subvolumes.ts';

const inodeItem = 1;
const fileExtent = 108;
const regular = 1;
const preallocated = 2;

/**
 * Bytes and inodes of a subvolume that were written after a transaction, 0 for all. Reads only those parts of its tree that were
 * written since, so that what a snapshot shares with its parent costs nothing. Bytes are those of complete extents on the disk,
 * each once; data that is kept inside the tree (small files) does not count, as for `btrfs filesystem du`. Inodes are those created
 * since, those whose data was changed, and the root: not those of which only attributes changed, since a mere read changes a
 * file's access time.
 *
 * An older extent in a new file is a reflink copy of a file of the parent, and takes no space. In a layer that was rebased it may also
 * be the layer's own, written before the parent was committed: if `parent`, an open directory of that subvolume, is given, only extents that
 * it holds are left out.
 */
export async function writtenSince(
  ioctl: Ioctl,
  fd: number,
  {
    transaction,
    parent,
    signal,
  }: { readonly transaction: number; readonly parent?: number; readonly signal: AbortSignal },
): Promise<Usage> {
  const extents = new Map<number, number>();
  const inodes = new Set([rootInode]);
  const created = new Set<number>();
  const all = { tree: 0, from: { object: rootInode, type: 0, offset: 0 }, to: last, since: transaction + 1 };
  await searchTree(ioctl, fd, all, ({ object, type }, data) => {
    signal.throwIfAborted();
    if (type !== inodeItem && type !== fileExtent) return;
    // Both kinds of items begin with the transaction that made what they are about.
    const isNew = readNumber(data, 0) > transaction;
    if (isNew) inodes.add(object);
    if (isNew && type === inodeItem) created.add(object);
    if (type === fileExtent && (isNew || created.has(object))) noteExtent(extents, data);
  });
  const older = new Set(transaction > 0 ? await olderExtents(ioctl, fd, extents, transaction) : []);
  const shared = parent === undefined || older.size === 0 ? older : await extentsIn(ioctl, parent, { older, signal });
  for (const start of shared) extents.delete(start);
  let bytes = 0;
  for (const size of extents.values()) bytes += size;
  return { bytes, inodes: inodes.size };
}

/** Those of the extents that a subvolume holds. Reads its whole tree. */
async function extentsIn(
  ioctl: Ioctl,
  fd: number,
  { older, signal }: { readonly older: ReadonlySet<number>; readonly signal: AbortSignal },
): Promise<ReadonlySet<number>> {
  const found = new Map<number, number>();
  const all = { tree: 0, from: { object: rootInode, type: 0, offset: 0 }, to: last, since: 0 };
  await searchTree(ioctl, fd, all, ({ type }, data) => {
    signal.throwIfAborted();
    if (type === fileExtent) noteExtent(found, data);
  });
  return new Set([...found.keys()].filter((start) => older.has(start)));
}

/** struct btrfs_file_extent_item; a hole has the start 0 */
function noteExtent(extents: Map<number, number>, data: Buffer): void {
  const type = data.readUInt8(20);
  if (type !== regular && type !== preallocated) return;
  const start = readNumber(data, 21);
  if (start !== 0) extents.set(start, readNumber(data, 29));
}

const extentTree = 2;
const extentItem = 168;
/** Some 150 items: extents of one layer are usually side by side, but not always. */
const bufferBytes = 16 << 10;

/**
 * Those of the extents (start on the disk, with their size) that were on the disk before a transaction ended: a reflink copy of a
 * parent's file is a new item in the child's tree, but takes no space.
 */
async function olderExtents(
  ioctl: Ioctl,
  fd: number,
  extents: ReadonlyMap<number, number>,
  transaction: number,
): Promise<readonly number[]> {
  const older: number[] = [];
  const starts = [...extents.keys()].sort((a, b) => a - b);
  const to: Key = { object: starts.at(-1) ?? 0, type: extentItem, offset: Infinity };
  const buffer = createSearchBuffer(bufferBytes);
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
