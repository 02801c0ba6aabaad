import { chain, type Line, parseLine } from '../format/line.ts';
import type { Cursor } from '../write/cursor.ts';

/** An event's line that is whole and follows from the one before. */
export interface VerifiedRecord extends Line {
  readonly position: number;
  /** where the line begins in its file */
  readonly offset: number;
}

/** What is wrong at the end of a verified block; see Damage. */
export interface Flaw {
  readonly what: string;
  readonly broken: boolean;
}

/** What a check of a block of lines says. */
export interface Checked {
  /** the place after the last line that is in order */
  readonly end: Cursor;
  /** what is wrong with the line there; the rest of the block was not looked at */
  readonly flaw?: Flaw;
}

export interface VerifiedBlock extends Checked {
  readonly records: readonly VerifiedRecord[];
}

const lineFeed = 0x0a;

/** Checks line by line that each is whole and follows from the one before, up to the first that is not or does not. */
export function verifyBlock(block: Buffer, from: Cursor, note: (cursor: Cursor) => void): VerifiedBlock {
  const records: VerifiedRecord[] = [];
  let end = from;
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf(lineFeed, start) + 1;
    const line = next === 0 ? undefined : parseLine(block, start, next, 'event');
    if (line === undefined) return { records, end, flaw: { what: brokenText(next === 0), broken: true } };
    const what = misplaced(line, end);
    if (what !== undefined) return { records, end, flaw: { what, broken: false } };
    const { hash, body } = line;
    records.push({ hash, body, position: end.position + 1, offset: end.offset });
    end = { position: end.position + 1, chain: hash, offset: from.offset + next };
    note(end);
    start = next;
  }
  return { records, end };
}

const brokenText = (unfinished: boolean) =>
  unfinished ? 'the record is cut short' : 'the record is damaged: its checksum does not match';

/** Why a whole line can't stand at a place, or undefined where it can. */
function misplaced({ body, hash }: Line, { position, chain: before }: Cursor): string | undefined {
  const expected = position + 1;
  if (!body.startsWith(`{"position":"${expected}",`)) return otherPosition(positionIn(body), expected);
  if (chain(before, body) !== hash)
    return 'the record does not follow from the one before: that one was changed, or this one is of another store';
  return undefined;
}

function otherPosition(found: number, expected: number): string {
  if (found > expected)
    return `position ${found} stands here, ${missing(expected, found - 1)}: records were removed or swapped`;
  return `position ${found} stands here again: a record was doubled or swapped`;
}

/** In words, the positions from `first` to `last`. */
export function missing(first: number, last: number): string {
  return first === last ? `position ${first} is missing` : `positions ${first} to ${last} are missing`;
}

/** The position that an event's line tells of itself; 0 for none. */
export function positionIn(body: string): number {
  return Number(/^\{"position":"([0-9]{1,16})",/.exec(body)?.[1] ?? 0);
}
