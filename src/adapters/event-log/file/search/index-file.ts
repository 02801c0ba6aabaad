import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Nanoseconds } from '../../../../../events/codecs.ts';
import type { Cursor } from '../write/cursor.ts';

/** What a run of a segment's lines may hold. */
export interface IndexedBlock {
  /** the bytes of the segment where it begins and ends */
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

/** What may be where in a segment, up to a place in it. */
export interface Index {
  readonly end: Cursor;
  readonly blocks: readonly IndexedBlock[];
}

/** Changes with the hashes of the filters: one of another format, or without a field, is made anew. */
const format = 'snapledger.index.v1';
const lineFeed = 0x0a;

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
  chain: t.string,
  offset: t.number,
  /** of the filters, and of the blocks as they stand here */
  crc: t.number,
  blocks: Blocks,
});

const checksum = (bits: Buffer, blocks: unknown) => crc32(JSON.stringify(blocks), crc32(bits));

/** The file that keeps the index of the segment which begins at a position. */
export function indexPath(indexes: string, first: number): string {
  return join(indexes, `${String(first).padStart(20, '0')}.bloom`);
}

/** An index as a file: a line that names the place where it ends, by which a changed segment is known, and the filters. */
export function encodeIndex({ end: { position, chain, offset }, blocks: indexed }: Index): Buffer {
  const bits = Buffer.concat(indexed.map((block) => block.bits));
  const blocks = Blocks.encode(
    indexed.map(({ from, to, first, earliest, latest, bits: { length: bytes } }) => ({
      ...{ from, to, first, earliest, latest, bytes },
    })),
  );
  const crc = checksum(bits, blocks);
  return Buffer.concat([Buffer.from(`${JSON.stringify({ format, position, chain, offset, crc, blocks })}\n`), bits]);
}

/** The index in a file, or undefined where there is none that is whole. */
export function readIndex(path: string): Index | undefined {
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined;
  }
  const bits = file.subarray(file.indexOf(lineFeed) + 1);
  const head = Head.decode(either.toUnion(json.parse(file.toString('utf8', 0, file.length - bits.length))));
  if (either.isLeft(head)) return undefined;
  const { position, chain, offset, crc, blocks } = head.right;
  if (crc !== checksum(bits, Blocks.encode(blocks))) return undefined;
  let at = 0;
  return {
    end: { position, chain, offset },
    blocks: blocks.map(({ bytes, ...block }) => {
      at += bytes;
      return { ...block, bits: bits.subarray(at - bytes, at) };
    }),
  };
}
