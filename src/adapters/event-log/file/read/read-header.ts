import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Damage } from '../format/damage.ts';
import { decodeHeader, type Header } from '../format/header.ts';
import { parseLine } from '../format/line.ts';
import { firstOf } from '../format/segment-name.ts';
import { readBytes } from './read-lines.ts';
import type { SegmentFile } from './segment-file.ts';

const atMost = 4096;
const lineFeed = 0x0a;

/** A segment's header, or where and why it is none. The header must agree with the file's name. */
export async function readHeader(handle: SegmentFile, path: string): Promise<either.Either<Damage, Header>> {
  const first = firstOf(basename(path)) ?? 0;
  const damaged = (what: string): either.Either<Damage, Header> =>
    either.left({ file: path, offset: 0, position: first, what, broken: false });
  const block = await readBytes(handle, 0, atMost);
  const end = block.indexOf(lineFeed) + 1;
  const line = parseLine(block, 0, end, 'segment');
  if (line === undefined) return damaged('the header is damaged: its checksum does not match');
  const header = decodeHeader(line, end);
  if (either.isLeft(header)) return damaged(`the header can't be read: ${header.left}`);
  if (header.right.first !== first)
    return damaged(`the header begins at position ${header.right.first}: the file was renamed`);
  return header;
}
