import { hash as digest } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What a line of a segment holds: the first one describes the segment, all others are events. */
export type LineKind = 'segment' | 'event';

export interface Line {
  /** SHA-256 over the hash of the line before (as 64 hex digits) and the body, in hex */
  readonly hash: string;
  /** the JSON of the header or the envelope */
  readonly body: string;
}

/** How every line begins, before its eight digits of CRC-32. */
export const lineStart = '{"crc":"';
const checkedFrom = lineStart.length + 8;
const beforeHash = '","hash":"';
const hashAt = checkedFrom + beforeHash.length;
const hashEnd = hashAt + 64;
const closingBrace = 0x7d;
const lineFeed = 0x0a;

/** Where the parts of an event's line begin, and what stands between them. */
export const eventLine = {
  lineStart: Buffer.from(lineStart),
  crcAt: lineStart.length,
  checkedFrom,
  beforeHash: Buffer.from(beforeHash),
  hashAt,
  hashEnd,
  beforeBody: Buffer.from('","event":'),
  bodyAt: hashEnd + 10,
};

/** The hash of a line whose body follows a line with hash `previous`. */
export function chain(previous: string, body: string): string {
  return digest('sha256', previous + body);
}

/** A line's text with its line feed. The checksum covers every byte after itself, the line feed included. */
export function formatLine(kind: LineKind, previous: string, body: string): { text: string; hash: string } {
  const hash = chain(previous, body);
  const checked = `${beforeHash}${hash}","${kind}":${body}}\n`;
  return { text: `${lineStart}${hex(crc32(checked))}${checked}`, hash };
}

/**
 * The line from `start` up to `end`, its line feed included, or undefined where any byte of it is not as it was written.
 * Whether its hash follows from the line before is the caller's to check.
 */
export function parseLine(block: Buffer, start: number, end: number, kind: LineKind): Line | undefined {
  const bodyAt = start + hashEnd + kind.length + 5;
  if (end - bodyAt < 4 || block[end - 1] !== lineFeed || block[end - 2] !== closingBrace) return undefined;
  const head = block.toString('latin1', start, bodyAt);
  if (head.slice(0, checkedFrom) !== lineStart + hex(crc32(block.subarray(start + checkedFrom, end)))) return undefined;
  if (head.slice(checkedFrom, hashAt) !== beforeHash || head.slice(hashEnd) !== `","${kind}":`) return undefined;
  return { hash: head.slice(hashAt, hashEnd), body: block.toString('utf8', bodyAt, end - 2) };
}

/** The body of an event's line that is known to be whole. */
export function eventBody(block: Buffer, start: number, end: number): string {
  return block.toString('utf8', start + hashEnd + 'event'.length + 5, end - 2);
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight digits; by table, since this runs for every record of a replay. */
function hex(crc: number): string {
  return `${pairs[crc >>> 24]}${pairs[(crc >>> 16) & 255]}${pairs[(crc >>> 8) & 255]}${pairs[crc & 255]}`;
}
