import { branchElement, bucketFlag, leafElement, maxKeyBytes, pageHeader } from './bolt-format.ts';
import { damaged } from './faults.ts';

/** A page with those that it extends over. */
export interface Page {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  readonly overflow: number;
  readonly bytes: Buffer;
}

/** An element of a branch: a page, all of whose keys are at least this one. */
export interface Child {
  readonly key: Buffer;
  readonly id: bigint;
}

/** An element of a leaf. */
export interface Leaf {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly isBucket: boolean;
  /** the page that it is on */
  readonly page: number;
}

/** The page with a number, whose header must have it. */
export function pageAt(file: Buffer, id: number, pageSize: number): Page {
  const start = id * pageSize;
  const [found, overflow] = [file.readBigUInt64LE(start), file.readUInt32LE(start + 12)];
  if (found !== BigInt(id)) throw damaged(id, `its header is that of page ${found}`);
  return {
    id,
    flags: file.readUInt16LE(start + 8),
    count: file.readUInt16LE(start + 10),
    overflow,
    bytes: file.subarray(start, start + (1 + overflow) * pageSize),
  };
}

/** The elements of a leaf, and the byte after the last one's value. */
export function leafElements(page: Page): { readonly leaves: readonly Leaf[]; readonly end: number } {
  const { id, bytes } = page;
  const { take, end } = layout(page, leafElement);
  const leaves = elementsOf(page, leafElement).map((at): Leaf => {
    const flags = bytes.readUInt32LE(at);
    if (flags !== 0 && flags !== bucketFlag) throw damaged(id, `an element has the flags ${flags}`);
    const data = take(at, bytes.readUInt32LE(at + 4), bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12));
    return { key: data.key, value: data.value, isBucket: flags === bucketFlag, page: id };
  });
  return { leaves, end: end() };
}

export function branchElements(page: Page): readonly Child[] {
  const { bytes } = page;
  const { take } = layout(page, branchElement);
  return elementsOf(page, branchElement).map((at) => {
    const { key } = take(at, bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4), 0);
    return { key, id: bytes.readBigUInt64LE(at + 8) };
  });
}

/** Where the elements of a page are. */
function elementsOf({ id, count, bytes }: Page, size: number): readonly number[] {
  if (pageHeader + count * size > bytes.length) throw damaged(id, `${count} elements do not fit`);
  return Array.from({ length: count }, (_, index) => pageHeader + index * size);
}

/** bbolt writes keys and values in the order of the elements, right after them and without gaps. */
function layout({ id, count, bytes }: Page, size: number) {
  let next = pageHeader + count * size;
  const take = (element: number, position: number, keyBytes: number, valueBytes: number) => {
    const start = element + position;
    const end = start + keyBytes + valueBytes;
    if (start !== next || end > bytes.length) throw damaged(id, `an element lies at bytes ${start} to ${end}`);
    if (keyBytes === 0 || keyBytes > maxKeyBytes) throw damaged(id, `a key of ${keyBytes} bytes`);
    next = end;
    return { key: bytes.subarray(start, start + keyBytes), value: bytes.subarray(start + keyBytes, end) };
  };
  return { take, end: () => next };
}
