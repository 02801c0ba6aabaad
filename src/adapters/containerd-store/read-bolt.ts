import type { Bucket, Entry } from '../../ports/containerd-store.ts';
import { bucketHeader, countFollows, noFreelist, pageFlags, pageHeader } from './bolt-format.ts';
import { cutOff, damaged } from './faults.ts';
import { type Meta, readMeta } from './read-meta.ts';
import { branchElements, type Child, type Leaf, leafElements, type Page, pageAt } from './read-page.ts';

export interface BoltDatabase {
  readonly root: Bucket;
  readonly pageSize: number;
  readonly transaction: bigint;
}

const [free, used] = [1, 2];
/** Levels of pages, of a bucket and of those around it. Trees of two children a page need fewer. */
const maxDepth = 100;
/** Before every key. */
const noKey = Buffer.alloc(0);

/** What is known of the file while it is read. */
interface Reading {
  readonly file: Buffer;
  readonly pageSize: number;
  /** `free` or `used` for each page below the high-water mark; 0: not known yet */
  readonly pages: Uint8Array;
}

/**
 * Reads a complete database, and checks whatever its format allows to check: both meta pages; that every page is either free or
 * reached exactly once; headers, bounds and the exact layout of every page; the order of all keys. Throws a Fault that names the
 * damaged page.
 */
export function readBolt(file: Buffer): BoltDatabase {
  const meta = readMeta(file);
  const { pageSize, transaction } = meta;
  const reading = { file, pageSize, pages: new Uint8Array(pagesOf(meta, file)) };
  reading.pages.fill(used, 0, 2);
  const keepsFreelist = meta.freelist !== noFreelist;
  if (keepsFreelist) readFreelist(reading, meta.freelist);
  const root = readTree(reading, meta.root, meta.sequence);
  const stray = keepsFreelist ? reading.pages.indexOf(0) : -1;
  if (stray >= 0) throw damaged(stray, 'nothing reaches it, and it is not free');
  return { root, pageSize, transaction };
}

/** How many pages there are. */
function pagesOf({ highWater, pageSize }: Meta, file: Buffer): number {
  if (highWater * BigInt(pageSize) > BigInt(file.length)) throw cutOff(file.length, highWater, pageSize);
  return Number(highWater);
}

/** Takes a page that something refers to. */
function claim({ file, pageSize, pages }: Reading, id: bigint, by: string): Page {
  if (id < 2n || id >= BigInt(pages.length))
    throw damaged(Number(id), `${by} refers to it, and there are ${pages.length} pages`);
  const page = pageAt(file, Number(id), pageSize);
  const end = page.id + 1 + page.overflow;
  if (end > pages.length) throw damaged(page.id, `it extends to page ${end - 1}, and there are ${pages.length} pages`);
  for (let each = page.id; each < end; each += 1) {
    if (pages[each] === used) throw damaged(each, `${by} refers to it, and so does another page`);
    if (pages[each] === free) throw damaged(each, `${by} refers to it, and it is in the freelist`);
    pages[each] = used;
  }
  return page;
}

function readFreelist(reading: Reading, id: bigint): void {
  const { id: number, flags, count, bytes } = claim(reading, id, 'the meta page');
  if (flags !== pageFlags.freelist) throw damaged(number, `flags ${flags} instead of a freelist's`);
  const first = count === countFollows ? pageHeader + 8 : pageHeader;
  const entries = count === countFollows ? bytes.readBigUInt64LE(pageHeader) : BigInt(count);
  if (BigInt(first) + entries * 8n > BigInt(bytes.length)) throw damaged(number, `${entries} entries do not fit`);
  let last = 1n;
  for (let at = first; at < first + Number(entries) * 8; at += 8) {
    const entry = bytes.readBigUInt64LE(at);
    if (entry <= last || entry >= BigInt(reading.pages.length))
      throw damaged(number, `free page ${entry} after ${last}`);
    if (reading.pages[Number(entry)] === used) throw damaged(number, `page ${entry} is free, and in use`);
    reading.pages[Number(entry)] = free;
    last = entry;
  }
}

/** A bucket that has pages of its own. `depth`: the levels above it. */
function readTree(reading: Reading, root: bigint, sequence: bigint, by = 'the meta page', depth = 0): Bucket {
  const leaves: Leaf[] = [];
  walk({ ...reading, leaves }, { id: root, key: noKey }, undefined, by, depth);
  return { sequence, entries: leaves.map((leaf) => entryOf(reading, leaf, depth)) };
}

/**
 * Adds the elements of all leaves below a page. Its keys are at least that of the element that refers to it, and below that of
 * the next one. Only the root may be empty.
 */
function walk(
  tree: Reading & { readonly leaves: Leaf[] },
  from: Child,
  below: Buffer | undefined,
  by: string,
  depth: number,
) {
  const page = claim(tree, from.id, by);
  const { id, flags, count, bytes } = page;
  if (depth > maxDepth) throw damaged(id, `more than ${maxDepth} levels`);
  if (flags === pageFlags.leaf) {
    const { leaves } = leafElements(page);
    if (count === 0 && (from.key !== noKey || bytes.some((byte, at) => at >= pageHeader && byte !== 0)))
      throw damaged(id, 'a count of 0 elements');
    checkOrder(id, leaves, from.key, below);
    for (const leaf of leaves) tree.leaves.push(leaf);
    return;
  }
  if (flags !== pageFlags.branch || count === 0)
    throw damaged(id, `no branch and no leaf: flags ${flags}, ${count} elements`);
  const children = branchElements(page);
  checkOrder(id, children, from.key, below);
  for (const [index, child] of children.entries())
    walk(tree, child, children[index + 1]?.key ?? below, `page ${id}`, depth + 1);
}

/** The keys of a page ascend from one that is at least `from` to one that is below `below`. */
function checkOrder(page: number, elements: readonly { readonly key: Buffer }[], from: Buffer, below?: Buffer): void {
  let last: Buffer | undefined;
  for (const { key } of elements) {
    const follows = last === undefined ? from.compare(key) <= 0 : last.compare(key) < 0;
    if (!follows || (below !== undefined && key.compare(below) >= 0))
      throw damaged(page, `key ${JSON.stringify(key.toString())} is out of order`);
    last = key;
  }
}

function entryOf(reading: Reading, { key, value, isBucket, page }: Leaf, depth: number): Entry {
  return { key, page, value: isBucket ? bucketOf(reading, value, page, depth) : value };
}

function bucketOf(reading: Reading, value: Buffer, page: number, depth: number): Bucket {
  if (value.length < bucketHeader) throw damaged(page, `a bucket of ${value.length} bytes`);
  const [root, sequence] = [value.readBigUInt64LE(0), value.readBigUInt64LE(8)];
  if (root === 0n) return { sequence, entries: inlineEntries(value.subarray(bucketHeader), page) };
  if (value.length > bucketHeader) throw damaged(page, `a bucket of ${value.length} bytes that has pages`);
  return readTree(reading, root, sequence, `page ${page}`, depth + 1);
}

/** An inline page has no number, holds no buckets and ends with its last value. */
function inlineEntries(bytes: Buffer, page: number): readonly Entry[] {
  if (bytes.length < pageHeader) throw damaged(page, 'an inline bucket is cut off');
  const inline = { ...pageAt(bytes, 0, bytes.length), id: page };
  if (inline.flags !== pageFlags.leaf || inline.overflow !== 0) throw damaged(page, 'an inline bucket that is no leaf');
  const { leaves, end } = leafElements(inline);
  if (end !== bytes.length || leaves.some(({ isBucket }) => isBucket))
    throw damaged(page, 'an inline bucket that holds a bucket, or more bytes than its elements');
  checkOrder(page, leaves, noKey);
  return leaves.map(({ key, value }) => ({ key, value, page }));
}
