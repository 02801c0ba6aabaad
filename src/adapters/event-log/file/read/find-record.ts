import { type Line, lineStart, parseLine } from '../format/line.ts';
import { readLines } from './read-lines.ts';
import type { SegmentFile } from './segment-file.ts';

/** A whole line somewhere in a segment, whatever stands before it. */
export interface FoundRecord extends Line {
  readonly offset: number;
  /** where the next line begins */
  readonly next: number;
}

const lineFeed = 0x0a;

/** The first whole event's line that begins at or after byte `from`, even in the middle of what looks like a line. */
export async function findRecord(handle: SegmentFile, from: number, to: number): Promise<FoundRecord | undefined> {
  for (let offset = from; offset < to; ) {
    const block = await readLines(handle, offset, to);
    if (block.length === 0) return undefined;
    const found = findIn(block);
    if (found !== undefined) return { ...found, offset: found.offset + offset, next: found.next + offset };
    offset += block.length;
  }
  return undefined;
}

function findIn(block: Buffer): FoundRecord | undefined {
  for (let offset = block.indexOf(lineStart); offset !== -1; offset = block.indexOf(lineStart, offset + 1)) {
    const next = block.indexOf(lineFeed, offset) + 1;
    const line = next === 0 ? undefined : parseLine(block, offset, next, 'event');
    if (line !== undefined) return { ...line, offset, next };
  }
  return undefined;
}
