import type { Move } from '../archive/moved.ts';
import type { Damage } from '../format/damage.ts';
import { genesisHash, type Header } from '../format/header.ts';
import { parseLine } from '../format/line.ts';
import { startOf } from '../format/segment.ts';
import { segmentName } from '../format/segment-name.ts';
import { readBytes } from '../read/read-lines.ts';
import type { SegmentFile } from '../read/segment-file.ts';
import type { Cursor } from '../write/cursor.ts';
import { missing, positionIn } from './verify-block.ts';

/** What is wrong with a log's first header, if anything. `moved` is the end of what was moved away before it. */
export function checkBeginning(
  { store, first, before }: Header,
  file: string,
  moved: Pick<Move, 'last' | 'chainHash'> | undefined,
): Damage | undefined {
  const damage = (what: string) => ({ file, offset: 0, position: first, what, broken: false });
  if (moved !== undefined) {
    if (first !== moved.last + 1)
      return damage(`${missing(moved.last + 1, first - 1)}: the segments before this one are gone`);
    return before === moved.chainHash ? undefined : damage('the header does not follow from what was moved away');
  }
  if (first !== 1) return damage(`${missing(1, first - 1)}: the segments before this one are gone`);
  if (before !== genesisHash(store)) return damage('the header does not begin the log of its store');
  return undefined;
}

/** What is wrong between the end of one segment and the header of the next, if anything. */
export function checkSeam(
  end: Cursor,
  chainHash: string,
  file: string,
  store: string,
  next: Header,
): Damage | undefined {
  const { offset, position } = end;
  const damage = (what: string) => ({ file, offset, position: position + 1, what, broken: false });
  if (next.store !== store) return damage(`the next segment is of another store, ${next.store}`);
  if (next.first > position + 1)
    return damage(
      `${missing(position + 1, next.first - 1)}: the end of this segment is gone, or ${segmentName(position + 1)} or its archive (.gz)`,
    );
  if (next.first <= position) return damage(`the next segment begins again at position ${next.first}`);
  if (next.before !== chainHash) return damage('the next segment does not follow from this one');
  return undefined;
}

const tailBytes = 64 * 1024;
const lineFeed = 0x0a;

/** The place after a finished segment's last record by that record alone, or undefined where it is not whole. */
export async function lastPlace(handle: SegmentFile, header: Header, size: number): Promise<Cursor | undefined> {
  if (size === header.bytes) return startOf(header);
  for (let length = tailBytes; ; length *= 4) {
    const from = Math.max(header.bytes - 1, size - length);
    const tail = await readBytes(handle, from, size - from);
    const start = tail.lastIndexOf(lineFeed, tail.length - 2) + 1;
    if (start === 0 && from >= header.bytes) continue;
    const line = parseLine(tail, start, tail.length, 'event');
    return line === undefined ? undefined : { position: positionIn(line.body), chain: line.hash, offset: size };
  }
}
