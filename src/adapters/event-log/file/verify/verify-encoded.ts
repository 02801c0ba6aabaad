import { hash as digest } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { eventLine } from '../format/line.ts';
import type { Cursor } from '../write/cursor.ts';
import { type Checked, verifyBlock } from './verify-block.ts';

/** Events of a block as they stand there, each followed by a line feed. */
export interface EncodedBlock extends Checked {
  readonly count: number;
  readonly lines: Buffer;
}

const { lineStart, crcAt, checkedFrom, beforeHash, hashAt, hashEnd, beforeBody, bodyAt } = eventLine;
const digits = Buffer.from('{"position":"');
const lineFeed = 0x0a;

/** What is hashed is put together here. */
let chained = Buffer.allocUnsafe(64 * 1024);

/**
 * The checks of `verifyBlock` on the bytes alone: the same lines pass, at a third of the cost, since nothing is turned into
 * text. What does not pass is looked at by `verifyBlock`, which says what is wrong with it. `passed` is told where the body of
 * each line stands that is in order.
 */
export function verifyLines(
  block: Buffer,
  from: Cursor,
  note: (cursor: Cursor) => void,
  passed: (start: number, end: number) => void = () => {},
): Checked {
  let end = from;
  for (let start = 0; start < block.length; ) {
    const next = block.indexOf(lineFeed, start) + 1;
    const hash = next === 0 ? undefined : hashOf(block, { start, next, before: end });
    if (hash === undefined) {
      const { flaw } = verifyBlock(block.subarray(start), end, () => {});
      return { end, ...(flaw && { flaw }) };
    }
    end = { position: end.position + 1, chain: hash, offset: from.offset + next };
    note(end);
    passed(start + bodyAt, next - 2);
    start = next;
  }
  return { end };
}

/** As `verifyLines`, with the events themselves. */
export function verifyEncoded(block: Buffer, from: Cursor, note: (cursor: Cursor) => void): EncodedBlock {
  const lines = Buffer.allocUnsafe(block.length);
  let filled = 0;
  const checked = verifyLines(block, from, note, (start, end) => {
    filled += block.copy(lines, filled, start, end);
    filled = lines.writeUInt8(lineFeed, filled);
  });
  return { ...checked, count: checked.end.position - from.position, lines: lines.subarray(0, filled) };
}

interface Place {
  readonly start: number;
  readonly next: number;
  readonly before: Cursor;
}

/** The hash of a line that is whole and follows from the one before; undefined for any other line. */
function hashOf(block: Buffer, { start, next, before }: Place): string | undefined {
  if (next - start < bodyAt + 4) return undefined;
  if (!has(block, start, lineStart)) return undefined;
  if (!has(block, start + checkedFrom, beforeHash) || !has(block, start + hashEnd, beforeBody)) return undefined;
  if (crcIn(block, start + crcAt) !== crc32(block.subarray(start + checkedFrom, next))) return undefined;
  const position = start + bodyAt + digits.length;
  if (!has(block, start + bodyAt, digits) || !hasNumber(block, position, before.position + 1)) return undefined;
  if (chained.length < next - start) chained = Buffer.allocUnsafe(2 * (next - start));
  chained.write(before.chain, 0, 'latin1');
  const length = 64 + block.copy(chained, 64, start + bodyAt, next - 2);
  const hash = digest('sha256', chained.subarray(0, length));
  return block.toString('latin1', start + hashAt, start + hashEnd) === hash ? hash : undefined;
}

function has(block: Buffer, at: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (block[at + index] !== bytes[index]) return false;
  return true;
}

/** Whether a decimal number and a closing quote stand there. */
function hasNumber(block: Buffer, at: number, number: number): boolean {
  const text = String(number);
  for (let index = 0; index < text.length; index++) if (block[at + index] !== text.charCodeAt(index)) return false;
  return block[at + text.length] === 0x22;
}

/** The checksum in eight lower-case hex digits; -1 where something else stands there. */
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
