import { hash as digest } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Damage, type Flaw, missing } from '../format/damage.ts';
import { bodyAt, bytesLeft, eventLine, lineFeed, matches, parseLine, positionIn } from '../format/line.ts';
import type { Cursor } from '../format/segment.ts';
import { readLines, type SegmentFile } from '../read/segment-file.ts';

/** The result of verifying a block of lines. */
interface VerifiedBlock {
  /** the cursor after the last line that is in order */
  readonly end: Cursor;
  /** what is wrong with the line there; the rest of the block was not verified */
  readonly flaw?: Flaw;
}

/** Lines that were written together, as far as they are verified. */
export interface Batch {
  /** before its first line */
  readonly start: Cursor;
  /** the byte at which it ends, which may be after the last verified line */
  readonly end: number;
}

/** Verified lines of a segment. */
export interface WalkedBlock {
  readonly start: Cursor;
  readonly lines: Buffer;
  readonly end: Cursor;
  /** the last one that begins in these lines, or before them */
  readonly batch: Batch;
  /** what is wrong with the line after them; the walk ends there */
  readonly damage?: Damage;
}

interface WalkOptions {
  readonly from: Cursor;
  /** the byte at which the walk ends, read again before each block */
  readonly to: () => number;
  /** called with the cursor after each batch */
  readonly note?: (end: Cursor) => void;
}

/** Verifies a segment block by block. The next block is read while the caller works on this one. */
export async function* walkSegment(
  file: SegmentFile,
  path: string,
  { from, to, note = () => {} }: WalkOptions,
): AsyncGenerator<WalkedBlock> {
  let ahead: Promise<Buffer> | undefined;
  let last = from;
  let batch: Batch = { start: from, end: from.offset };
  const each = (end: Cursor, batchEnd: number) => {
    if (batchEnd !== batch.end) batch = { start: last, end: batchEnd };
    if (batchEnd === end.offset) note(end);
    last = end;
  };
  for (let start = from; start.offset < to(); ) {
    const block = await (ahead ?? readLines(file, start.offset, to()));
    const next = start.offset + block.length;
    ahead = block.length > 0 && next < to() ? readLines(file, next, to()) : undefined;
    ahead?.catch(() => {});
    const { end, flaw = block.length === 0 ? fileEnds : undefined } = verifyLines(block, start, each);
    const walked = { start, lines: block.subarray(0, end.offset - start.offset), end, batch };
    if (flaw !== undefined) {
      yield { ...walked, damage: { file: path, offset: end.offset, position: end.position + 1, ...flaw } };
      return;
    }
    yield walked;
    start = end;
  }
}

const fileEnds: Flaw = { what: 'the file ends before the record', broken: true };

/**
 * Verifies that each line is whole and follows from the one before, up to the first that is not or does not. Works on the
 * bytes, since text would cost three times as much. Calls `note` with the cursor after each line and the end of its batch.
 */
export function verifyLines(
  block: Buffer,
  from: Cursor,
  note: (end: Cursor, batchEnd: number) => void = () => {},
): VerifiedBlock {
  let end = from;
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf(lineFeed, start) + 1 || block.length;
    const hash = hashOf(block, { start, next, before: end });
    if (hash === undefined) return { end, flaw: explain(block.subarray(start, next), end.position + 1) };
    end = { position: end.position + 1, hash, offset: from.offset + next };
    note(end, from.offset + start + (bytesLeft(block, start, next) ?? 0));
    start = next;
  }
  return { end };
}

/** Why a line does not belong at a position. */
function explain(bytes: Buffer, expected: number): Flaw {
  if (bytes[0] === 0) return { what: 'zeros stand here instead of a record', broken: true };
  if (bytes.at(-1) !== lineFeed) return { what: 'the record is cut short', broken: true };
  const line = parseLine(bytes, 0, bytes.length, 'event');
  if (line === undefined) return { what: 'the record is damaged: its checksum does not match', broken: true };
  return { what: misplaced(positionIn(line.body), expected), broken: false };
}

function misplaced(found: number, expected: number): string {
  if (found > expected)
    return `position ${found} stands here, ${missing(expected, found - 1)}: records were removed or swapped`;
  if (found < expected) return `position ${found} stands here again: a record was doubled or swapped`;
  return 'the record does not follow from the one before: that one was changed, or this one is of another store';
}

/** The byte range of a line in a verified block, and its position. */
interface LineRange {
  readonly position: number;
  readonly start: number;
  readonly next: number;
}

/** The lines of a verified block. */
export function* linesIn({ lines, start: { position } }: Pick<WalkedBlock, 'lines' | 'start'>): Generator<LineRange> {
  let at = position;
  for (let start = 0; start < lines.length; ) {
    const next = lines.indexOf(lineFeed, start) + 1;
    at += 1;
    yield { position: at, start, next };
    start = next;
  }
}

const { lineStart, crcAt, checkedFrom, beforeHash, hashAt, hashEnd } = eventLine;

/** The body of a verified line. */
export const bodyIn = (lines: Buffer, { start, next }: LineRange): string =>
  lines.toString('utf8', start + bodyAt(lines, start), next - 2);

/** The hash of a verified line. */
export const hashIn = (lines: Buffer, { start }: LineRange): string =>
  lines.toString('latin1', start + hashAt, start + hashEnd);

/** The bodies of a block's lines after a position, each followed by a line feed. */
export function encodedAfter(block: Pick<WalkedBlock, 'lines' | 'start'>, after: number): Buffer {
  const encoded = Buffer.allocUnsafe(block.lines.length);
  let filled = 0;
  for (const { position, start, next } of linesIn(block)) {
    if (position <= after) continue;
    filled += block.lines.copy(encoded, filled, start + bodyAt(block.lines, start), next - 2);
    filled = encoded.writeUInt8(lineFeed, filled);
  }
  return encoded.subarray(0, filled);
}

const closingBrace = 0x7d;
const positionField = Buffer.from('{"position":"');

/** The bytes to hash are joined here. */
let chained = Buffer.allocUnsafe(64 * 1024);

interface Candidate {
  readonly start: number;
  readonly next: number;
  readonly before: Cursor;
}

/** The hash of a line that is whole and follows from the one before; undefined for any other line. */
function hashOf(block: Buffer, { start, next, before }: Candidate): string | undefined {
  const body = start + bodyAt(block, start);
  if (next - body < 4 || block[next - 1] !== lineFeed || block[next - 2] !== closingBrace) return undefined;
  if (!matches(block, start, lineStart) || !matches(block, start + checkedFrom, beforeHash)) return undefined;
  if (bytesLeft(block, start, next) === undefined) return undefined;
  if (crcIn(block, start + crcAt) !== crc32(block.subarray(start + checkedFrom, next))) return undefined;
  const position = body + positionField.length;
  if (!matches(block, body, positionField) || !hasNumber(block, position, before.position + 1)) return undefined;
  if (chained.length < next - start) chained = Buffer.allocUnsafe(2 * (next - start));
  chained.write(before.hash, 0, 'latin1');
  const length = 64 + block.copy(chained, 64, body, next - 2);
  const hash = digest('sha256', chained.subarray(0, length));
  return block.toString('latin1', start + hashAt, start + hashEnd) === hash ? hash : undefined;
}

/** Whether the bytes there are a decimal number and a closing quote. */
function hasNumber(block: Buffer, at: number, number: number): boolean {
  const text = String(number);
  for (let index = 0; index < text.length; index++) if (block[at + index] !== text.charCodeAt(index)) return false;
  return block[at + text.length] === 0x22;
}

/** The checksum in eight lower-case hex digits; -1 for anything else. */
function crcIn(block: Buffer, at: number): number {
  let crc = 0;
  for (let index = at; index < at + 8; index++) {
    const byte = block[index] ?? 0;
    if (byte >= 0x30 && byte <= 0x39) crc = crc * 16 + byte - 0x30;
    else if (byte >= 0x61 && byte <= 0x66) crc = crc * 16 + byte - 0x57;
    else return -1;
  }
  return crc;
}
