import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import type { Cursor } from '../cursor.ts';

/** Which tokens a run of a segment's lines may hold. */
export interface IndexedBlock {
  readonly from: number;
  readonly to: number;
  readonly bits: Buffer;
}

/** What may be where in a segment, up to a place in it. */
export interface Index {
  readonly end: Cursor;
  readonly blocks: readonly IndexedBlock[];
}

/** Changes with the layout of the file and with the hashes of the filters: one of another format is made anew. */
const format = 'snapledger.index.v1';
const lineFeed = 0x0a;

const Head = t.type({
  format: t.literal(format),
  position: t.number,
  chain: t.string,
  offset: t.number,
  crc: t.number,
  /** where each block begins and ends in the segment, and how many bytes its filter has */
  blocks: t.readonlyArray(t.tuple([t.number, t.number, t.number])),
});

/** The file that keeps the index of the segment which begins at a position. */
export function indexPath(indexes: string, first: number): string {
  return join(indexes, `${String(first).padStart(20, '0')}.bloom`);
}

/** An index as a file: a line that names the place where it ends, by which a changed segment is known, and the filters. */
export function encodeIndex({ end: { position, chain, offset }, blocks }: Index): Buffer {
  const bits = Buffer.concat(blocks.map((block) => block.bits));
  const lengths = blocks.map(({ from, to, bits: { length } }) => [from, to, length]);
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ format, position, chain, offset, crc: crc32(bits), blocks: lengths })}\n`),
    bits,
  ]);
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
  const head = either.toUnion(json.parse(file.toString('utf8', 0, file.length - bits.length)));
  if (!Head.is(head) || head.crc !== crc32(bits)) return undefined;
  const { position, chain, offset } = head;
  let at = 0;
  const blocks = head.blocks.map(([from, to, length]) => {
    at += length;
    return { from, to, bits: bits.subarray(at - length, at) };
  });
  return { end: { position, chain, offset }, blocks };
}
