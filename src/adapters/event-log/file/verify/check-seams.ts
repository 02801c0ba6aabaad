import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Move } from '../archive/moved.ts';
import { type Damage, missing } from '../format/damage.ts';
import { type Base, genesisHash, type Header } from '../format/header.ts';
import { lineFeed, parseLine, positionIn } from '../format/line.ts';
import { type Cursor, segmentName, startOf } from '../format/segment.ts';
import { readBytes, type SegmentFile } from '../read/segment-file.ts';

/** The damage of a log's first header, if any. `moved` are the archives that were moved away before it. */
export function checkBeginning(
  { store, first, before }: Header,
  file: string,
  moved: Pick<Move, 'last' | 'chainHash'> | undefined,
): Damage | undefined {
  const damage = (what: string) => ({ file, offset: 0, position: first, what, broken: false });
  const expected = (moved?.last ?? 0) + 1;
  if (first !== expected) return damage(`${missing(expected, first - 1)}: the segments before this one are gone`);
  if (moved !== undefined)
    return before === moved.chainHash ? undefined : damage('the header does not follow from what was moved away');
  return before === genesisHash(store) ? undefined : damage('the header does not begin the log of its store');
}

/** The end of a segment, to which the next one must attach. */
export interface SegmentEnd {
  readonly path: string;
  readonly store: string;
  readonly position: number;
  readonly chainHash: string;
  readonly offset: number;
}

/** The damage between the end of one segment and the header of the next, if any. */
export function checkSeam(end: SegmentEnd, next: Header): Damage | undefined {
  const { path: file, offset, position } = end;
  const damage = (what: string) => ({ file, offset, position: position + 1, what, broken: false });
  if (next.store !== end.store) return damage(`the next segment is of another store, ${next.store}`);
  if (next.first > position + 1)
    return damage(
      `${missing(position + 1, next.first - 1)}: the end of this segment is gone, or ${segmentName(position + 1)} or its archive (.gz)`,
    );
  if (next.first <= position) return damage(`the next segment begins again at position ${next.first}`);
  if (next.before !== end.chainHash) return damage('the next segment does not follow from this one');
  return undefined;
}

const tailBytes = 64 * 1024;

/** The cursor after a complete segment's last record, by that record only; undefined if it is not whole. */
export async function lastCursor(file: SegmentFile, header: Header, size: number): Promise<Cursor | undefined> {
  if (size === header.bytes) return startOf(header);
  for (let length = tailBytes; ; length *= 4) {
    const from = Math.max(header.bytes - 1, size - length);
    const tail = await readBytes(file, from, size - from);
    const start = tail.lastIndexOf(lineFeed, tail.length - 2) + 1;
    if (start === 0 && from >= header.bytes) continue;
    const line = parseLine(tail, start, tail.length, 'event');
    return line && { position: positionIn(line.body), hash: line.hash, offset: size };
  }
}

/** The file of a gap's base in the log directory: a checkpoint under another name, never removed. */
export function baseName(position: number): string {
  return `${String(position).padStart(20, '0')}.base`;
}

/** The damage of a gap's base, if any; `first` is the gap's first position. */
export function checkBase(directory: string, { position, sha256 }: Base, first: number): Damage | undefined {
  const file = join(directory, baseName(position));
  const damage = (what: string) => ({ file, offset: 0, position: first, what, broken: false });
  if (!existsSync(file)) return damage('the checkpoint that replaces lost positions is missing');
  return digestOf(file) === sha256 ? undefined : damage('the checkpoint that replaces lost positions is damaged');
}

/** SHA-256 of a file's bytes, in hex. */
export function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
