import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Nanoseconds } from '../../../../../events/codecs.ts';
import { lineFeed } from '../format/line.ts';
import type { Cursor, Segment } from '../format/segment.ts';
import { withSegment } from '../read/segment-file.ts';
import { lastCursor } from '../verify/check-seams.ts';

/** The index of a block of a segment's lines. */
export interface IndexedBlock {
  /** the bytes of the segment at which it begins and ends */
  readonly from: number;
  readonly to: number;
  /** position of its first event */
  readonly first: number;
  /** which tokens, as a filter */
  readonly bits: Buffer;
  /** the lowest and the highest time stamp */
  readonly earliest: bigint;
  readonly latest: bigint;
}

/** The blocks of a segment, up to a cursor in it. */
export interface Index {
  readonly end: Cursor;
  readonly blocks: readonly IndexedBlock[];
}

/** Changes with the hashes of the filters. An index of another format is replaced. */
const format = 'snapledger.index.v1';

const Blocks = t.readonlyArray(
  t.type({
    from: t.number,
    to: t.number,
    first: t.number,
    earliest: Nanoseconds,
    latest: Nanoseconds,
    /** length of the filter */
    bytes: t.number,
  }),
);

const Head = t.type({
  format: t.literal(format),
  position: t.number,
  hash: t.string,
  offset: t.number,
  /** CRC-32 of the filters, and of the blocks as encoded here */
  crc: t.number,
  blocks: Blocks,
});

const checksum = (bits: Buffer, blocks: unknown) => crc32(JSON.stringify(blocks), crc32(bits));

/** The file that keeps the index of the segment which begins at a position. */
export function indexPath(indexes: string, first: number): string {
  return join(indexes, `${String(first).padStart(20, '0')}.bloom`);
}

/** An index as a file: a line with the cursor at its end, which shows whether the segment was changed, then the filters. */
export function encodeIndex({ end: { position, hash, offset }, blocks: indexed }: Index): Buffer {
  const bits = Buffer.concat(indexed.map((block) => block.bits));
  const blocks = Blocks.encode(indexed.map(({ bits: { length: bytes }, ...block }) => ({ ...block, bytes })));
  const crc = checksum(bits, blocks);
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format, position, hash, offset, crc, blocks })}\n`), bits]);
}

/** The index in a file, or undefined if there is no intact one. */
function readIndex(path: string): Index | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined;
  }
  const bits = file.subarray(file.indexOf(lineFeed) + 1);
  const head = Head.decode(either.toUnion(json.parse(file.toString('utf8', 0, file.length - bits.length))));
  if (either.isLeft(head)) return undefined;
  const { position, hash, offset, crc, blocks } = head.right;
  if (crc !== checksum(bits, Blocks.encode(blocks))) return undefined;
  let at = 0;
  return {
    end: { position, hash, offset },
    blocks: blocks.map(({ bytes, ...block }) => {
      at += bytes;
      return { ...block, bits: bits.subarray(at - bytes, at) };
    }),
  };
}

/**
 * The stored index of a segment; that of a growing segment ends before the segment does. Undefined if there is none, or if
 * events were rolled back since: the hash at the index's end shows it.
 */
export async function storedIndex(indexes: string, { path, header, end }: Segment): Promise<Index | undefined> {
  const index = readIndex(indexPath(indexes, header.first));
  if (index === undefined || index.end.offset > end.offset) return undefined;
  const { hash, offset } = index.end;
  if (offset === end.offset) return hash === end.hash ? index : undefined;
  const cursor = await withSegment(path, (file) => lastCursor(file, header, offset));
  return cursor?.hash === hash ? index : undefined;
}
