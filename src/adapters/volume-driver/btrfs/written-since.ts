import type { Usage } from '../../../ports/volume-driver.ts';
import { type Ioctl, readNumber } from './ioctl.ts';
import { olderExtents } from './older-extents.ts';
import { last, searchTree } from './search-tree.ts';
import { rootInode } from './subvolume-id.ts';

const inodeItem = 1;
const fileExtent = 108;
const regular = 1;
const preallocated = 2;

/**
 * Bytes and inodes of a subvolume that were written after a transaction, 0 for all. Only those parts of its tree are read
 * that were written since, so that what a snapshot shares with its parent costs nothing. Bytes are whole extents as they
 * lie on the disk, each once; data that is kept inside the tree (small files) counts nothing, as for `btrfs filesystem
 * du`. Inodes are those made since, those whose data was changed, and the root: not those that only got other
 * attributes, since reading alone gives a file another time of access.
 */
export async function writtenSince(ioctl: Ioctl, fd: number, transaction: number, signal: AbortSignal): Promise<Usage> {
  const extents = new Map<number, number>();
  const inodes = new Set([rootInode]);
  const all = { tree: 0, from: { object: rootInode, type: 0, offset: 0 }, to: last, since: transaction + 1 };
  await searchTree(ioctl, fd, all, ({ object, type }, data) => {
    signal.throwIfAborted();
    // Both kinds of items begin with the transaction that made what they are about.
    if ((type !== inodeItem && type !== fileExtent) || readNumber(data, 0) <= transaction) return;
    inodes.add(object);
    if (type === fileExtent) noteExtent(extents, data);
  });
  if (transaction > 0) for (const start of await olderExtents(ioctl, fd, extents, transaction)) extents.delete(start);
  let bytes = 0;
  for (const size of extents.values()) bytes += size;
  return { bytes, inodes: inodes.size };
}

/** struct btrfs_file_extent_item; a hole has the start 0 */
function noteExtent(extents: Map<number, number>, data: Buffer): void {
  const type = data.readUInt8(20);
  if (type !== regular && type !== preallocated) return;
  const start = readNumber(data, 21);
  if (start !== 0) extents.set(start, readNumber(data, 29));
}
