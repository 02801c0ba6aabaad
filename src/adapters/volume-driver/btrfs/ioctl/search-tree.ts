import { type Ioctl, readNumber, requests, writeNumber } from './ioctl.ts';

/** The position of an item in a tree: items are ordered by inode (or another object), type and offset. */
export interface Key {
  /** special ones are negative in searches, as in linux/btrfs_tree.h, and Infinity in results */
  readonly object: number;
  readonly type: number;
  /** the largest 64-bit number is Infinity here */
  readonly offset: number;
}

interface Search {
  /** 0 for the subvolume of the open directory */
  readonly tree: number;
  readonly from: Key;
  readonly to: Key;
  /** leaves that were last written in an earlier transaction are skipped */
  readonly since: number;
}

/** An item; `data` is only good until the visitor returns. */
type Visit = (key: Key, data: Buffer) => void;

export const last: Key = { object: Infinity, type: 255, offset: Infinity };

const headerSize = 112;
const itemHeaderSize = 32;
/** Holds some 1,500 items: a few milliseconds of work for the visitor between two turns of the event loop. */
const bufferBytes = 128 << 10;

/**
 * Visits the items of a tree between two keys, in their order. The kernel searches off the main thread. Sees what is not
 * yet committed, but no file data that still waits to be written. Needs root. Source: linux/btrfs.h, BTRFS_IOC_TREE_SEARCH_V2.
 */
export async function searchTree(ioctl: Ioctl, fd: number, search: Search, visit: Visit): Promise<void> {
  const buffer = createSearchBuffer(bufferBytes);
  for (let from: Key | undefined = search.from; from !== undefined; ) {
    const met = await searchOnce(ioctl, fd, { ...search, from, buffer }, visit);
    from = met === undefined ? undefined : keyAfter(met);
  }
}

/** For `searchOnce`: with so many bytes for items and their headers of 32 bytes each. */
export const createSearchBuffer = (bytes: number): Buffer => Buffer.alloc(headerSize + bytes);

/** Visits as many items as the buffer takes, and resolves with the key of the last one, or undefined if there was none. */
export async function searchOnce(
  ioctl: Ioctl,
  fd: number,
  { buffer, ...search }: Search & { readonly buffer: Buffer },
  visit: Visit,
): Promise<Key | undefined> {
  writeSearch(buffer, search);
  await ioctl(fd, requests.searchTree, buffer);
  return visitItems(buffer, visit);
}

function writeSearch(buffer: Buffer, { tree, from, to, since }: Search): void {
  buffer.fill(0, 0, headerSize);
  writeNumber(buffer, tree, 0);
  writeBound(buffer, from.object, 8);
  writeBound(buffer, to.object, 16);
  writeBound(buffer, from.offset, 24);
  writeBound(buffer, to.offset, 32);
  writeBound(buffer, since, 40);
  writeBound(buffer, Infinity, 48);
  buffer.writeUInt32LE(from.type, 56);
  buffer.writeUInt32LE(to.type, 60);
  buffer.writeUInt32LE(0xffffffff, 64);
  writeNumber(buffer, buffer.length - headerSize, 104);
}

function writeBound(buffer: Buffer, value: number, offset: number): void {
  if (value === Infinity) buffer.fill(0xff, offset, offset + 8);
  else if (value < 0) buffer.writeBigInt64LE(BigInt(value), offset);
  else writeNumber(buffer, value, offset);
}

function visitItems(buffer: Buffer, visit: Visit): Key | undefined {
  let key: Key | undefined;
  let at = headerSize;
  for (let left = buffer.readUInt32LE(64); left > 0; left--) {
    key = { object: readBound(buffer, at + 8), offset: readBound(buffer, at + 16), type: buffer.readUInt32LE(at + 24) };
    const data = at + itemHeaderSize;
    at = data + buffer.readUInt32LE(at + 28);
    visit(key, buffer.subarray(data, at));
  }
  return key;
}

/** Special items have offsets near 2^64, of which a number can't hold every bit: the next type is then close enough. */
function readBound(buffer: Buffer, at: number): number {
  const value = readNumber(buffer, at);
  return value > Number.MAX_SAFE_INTEGER ? Infinity : value;
}

function keyAfter({ object, type, offset }: Key): Key | undefined {
  if (offset !== Infinity) return { object, type, offset: offset + 1 };
  if (type < 255) return { object, type: type + 1, offset: 0 };
  return object === Infinity ? undefined : { object: object + 1, type: 0, offset: 0 };
}
