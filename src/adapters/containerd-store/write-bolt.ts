import type { Bucket } from '../../ports/containerd-store.ts';
import {
  metaFields as at,
  branchElement,
  bucketFlag,
  bucketHeader,
  inlineShare,
  leafElement,
  magic,
  maxKeyBytes,
  metaBytes,
  metaChecksum,
  pageFlags,
  pageHeader,
  version,
} from './bolt-format.ts';
import { unknown } from './faults.ts';

/** An element of a leaf, or of a branch: that has a child, and no value and flags. */
interface Element {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly flags: number;
  readonly child: number;
}

interface Writing {
  readonly pageSize: number;
  readonly pages: Buffer[];
  /** the number of the next page */
  next: number;
}

const freelistPage = 2;
const minElements = 2;

/** A database with full pages, without free ones. Keys must be unique in their bucket, not empty, and no longer than bbolt allows. */
export function writeBolt(root: Bucket, pageSize: number): Buffer {
  const writing: Writing = { pageSize, pages: [], next: freelistPage + 1 };
  const rootPage = writeTree(writing, leavesOf(writing, root));
  const freelist = Buffer.alloc(pageSize);
  writeHeader(freelist, { id: freelistPage, flags: pageFlags.freelist, count: 0, overflow: 0 });
  const metas = [0, 1].map((page) => metaPage(writing, page, rootPage, root.sequence));
  return Buffer.concat([...metas, freelist, ...writing.pages]);
}

function metaPage({ pageSize, next }: Writing, page: number, root: number, sequence: bigint): Buffer {
  const bytes = Buffer.alloc(pageSize);
  writeHeader(bytes, { id: page, flags: pageFlags.meta, count: 0, overflow: 0 });
  const fields = bytes.subarray(pageHeader, pageHeader + metaBytes);
  fields.writeUInt32LE(magic, at.magic);
  fields.writeUInt32LE(version, at.version);
  fields.writeUInt32LE(pageSize, at.pageSize);
  fields.writeBigUInt64LE(BigInt(root), at.root);
  fields.writeBigUInt64LE(sequence, at.sequence);
  fields.writeBigUInt64LE(BigInt(freelistPage), at.freelist);
  fields.writeBigUInt64LE(BigInt(next), at.highWater);
  fields.writeBigUInt64LE(BigInt(page), at.transaction);
  fields.writeBigUInt64LE(metaChecksum(fields), at.checksum);
  return bytes;
}

function leavesOf(writing: Writing, { entries }: Bucket): readonly Element[] {
  const sorted = [...entries].sort((a, b) => a.key.compare(b.key));
  return sorted.map(({ key, value }) => {
    if (key.length > maxKeyBytes)
      throw unknown(
        `a key of ${key.length} bytes, and a database has keys up to ${maxKeyBytes}: ${key.subarray(0, 60)}...`,
      );
    if (Buffer.isBuffer(value)) return { key, value, flags: 0, child: 0 };
    return { key, value: bucketValue(writing, value), flags: bucketFlag, child: 0 };
  });
}

/** A bucket inline if it is small and holds no bucket, as bbolt does; else its root page. */
function bucketValue(writing: Writing, bucket: Bucket): Buffer {
  const leaves = leavesOf(writing, bucket);
  const size = pageHeader + leaves.reduce((sum, leaf) => sum + sizeOf(leaf), 0);
  const isInline = size <= writing.pageSize / inlineShare && leaves.every(({ flags }) => flags !== bucketFlag);
  const value = Buffer.alloc(bucketHeader + (isInline ? size : 0));
  value.writeBigUInt64LE(bucket.sequence, 8);
  if (isInline) writePage(value.subarray(bucketHeader), { id: 0, flags: pageFlags.leaf, overflow: 0 }, leaves);
  else value.writeBigUInt64LE(BigInt(writeTree(writing, leaves)), 0);
  return value;
}

/** Elements of both kinds have a head of this size. */
const elementHead = Math.max(leafElement, branchElement);
const sizeOf = ({ key, value }: Element) => elementHead + key.length + value.length;

/** Writes leaves, the branches above them, and so on up to a root. Returns the root's page. */
function writeTree(writing: Writing, leaves: readonly Element[]): number {
  let level = leaves;
  let flags: number = pageFlags.leaf;
  for (;;) {
    const groups = pagesFor(level, writing.pageSize);
    const children = groups.map((group) => ({
      ...{ key: group[0]?.key ?? Buffer.alloc(0), value: Buffer.alloc(0), flags: 0 },
      child: addPage(writing, flags, group),
    }));
    const [root] = children;
    if (root !== undefined && children.length === 1) return root.child;
    level = children;
    flags = pageFlags.branch;
  }
}

/** As many elements a page as fit, and at least two, as bbolt has them: if these are too large, the page extends over several. */
function pagesFor(elements: readonly Element[], pageSize: number): readonly (readonly Element[])[] {
  const pages: Element[][] = [[]];
  let size = pageHeader;
  for (const [index, element] of elements.entries()) {
    const mayEnd = (pages.at(-1)?.length ?? 0) >= minElements && elements.length - index >= minElements;
    if (mayEnd && size + sizeOf(element) > pageSize) {
      pages.push([]);
      size = pageHeader;
    }
    pages.at(-1)?.push(element);
    size += sizeOf(element);
  }
  return pages;
}

function addPage(writing: Writing, flags: number, elements: readonly Element[]): number {
  const size = pageHeader + elements.reduce((sum, element) => sum + sizeOf(element), 0);
  const pages = Math.ceil(size / writing.pageSize);
  const bytes = Buffer.alloc(pages * writing.pageSize);
  const id = writing.next;
  writePage(bytes, { id, flags, overflow: pages - 1 }, elements);
  writing.pages.push(bytes);
  writing.next += pages;
  return id;
}

interface Header {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  readonly overflow: number;
}

function writeHeader(bytes: Buffer, { id, flags, count, overflow }: Header): void {
  bytes.writeUIntLE(id, 0, 6);
  bytes.writeUInt16LE(flags, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(overflow, 12);
}

function writePage(bytes: Buffer, header: Omit<Header, 'count'>, elements: readonly Element[]): void {
  writeHeader(bytes, { ...header, count: elements.length });
  let data = pageHeader + elements.length * elementHead;
  for (const [index, { key, value, flags, child }] of elements.entries()) {
    const head = pageHeader + index * elementHead;
    if (header.flags === pageFlags.leaf) {
      bytes.writeUInt32LE(flags, head);
      bytes.writeUInt32LE(data - head, head + 4);
      bytes.writeUInt32LE(key.length, head + 8);
      bytes.writeUInt32LE(value.length, head + 12);
    } else {
      bytes.writeUInt32LE(data - head, head);
      bytes.writeUInt32LE(key.length, head + 4);
      bytes.writeBigUInt64LE(BigInt(child), head + 8);
    }
    bytes.set(key, data);
    bytes.set(value, data + key.length);
    data += key.length + value.length;
  }
}
