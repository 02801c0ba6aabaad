import { hash as digest } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../../../../events/envelope.ts';
import { errorText, Fault } from '../../../../ports/fault.ts';

/** The kinds of lines in a segment: the first one is its header, all others are events. */
type LineKind = 'segment' | 'event';

export interface Line {
  /** SHA-256 over the hash of the line before (as 64 hex digits) and the body, in hex */
  readonly hash: string;
  /** the JSON of the header or the envelope */
  readonly body: string;
}

/** The beginning of every line, before its eight digits of CRC-32. */
export const lineStart = '{"crc":"';
export const lineFeed = 0x0a;
const checkedFrom = lineStart.length + 8;
const beforeHash = '","hash":"';
const hashAt = checkedFrom + beforeHash.length;
const hashEnd = hashAt + 64;
const bodyAt = (kind: LineKind) => hashEnd + kind.length + 5;
const closingBrace = 0x7d;

/** Offsets of the parts of an event's line, and the text between them. */
export const eventLine = {
  lineStart: Buffer.from(lineStart),
  crcAt: lineStart.length,
  checkedFrom,
  beforeHash: Buffer.from(beforeHash),
  hashAt,
  hashEnd,
  beforeBody: Buffer.from('","event":'),
  bodyAt: bodyAt('event'),
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

/** The JSON of an envelope, as it is hashed and stored. */
export const bodyOf = (envelope: Envelope): string => JSON.stringify(encodeEnvelope(envelope));

/** The lines of events that follow a line with hash `previous`, and the hash of the last one. */
export function formatLines(previous: string, bodies: readonly string[]): { text: string; hash: string } {
  let hash = previous;
  let text = '';
  for (const body of bodies) {
    const line = formatLine('event', hash, body);
    hash = line.hash;
    text += line.text;
  }
  return { text, hash };
}

/**
 * The line from `start` up to `end`, its line feed included, or undefined if any byte of it is damaged. The caller must check
 * whether its hash follows from the line before.
 */
export function parseLine(block: Buffer, start: number, end: number, kind: LineKind): Line | undefined {
  const from = start + bodyAt(kind);
  if (end - from < 4 || block[end - 1] !== lineFeed || block[end - 2] !== closingBrace) return undefined;
  const head = block.toString('latin1', start, from);
  if (head.slice(0, checkedFrom) !== lineStart + hex(crc32(block.subarray(start + checkedFrom, end)))) return undefined;
  if (head.slice(checkedFrom, hashAt) !== beforeHash || head.slice(hashEnd) !== `","${kind}":`) return undefined;
  return { hash: head.slice(hashAt, hashEnd), body: block.toString('utf8', from, end - 2) };
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Eight digits; by table, since this runs for every record that is written. */
function hex(crc: number): string {
  return `${pairs[crc >>> 24]}${pairs[(crc >>> 16) & 255]}${pairs[(crc >>> 8) & 255]}${pairs[crc & 255]}`;
}

/** The position in an event's body; 0 if there is none. */
export function positionIn(body: string): number {
  return Number(/^\{"position":"([0-9]{1,16})",/.exec(body)?.[1] ?? 0);
}

/** The envelope in a whole event's body, or why this release can't read it. */
export function decodeBody(body: string): either.Either<string, Envelope> {
  let wire: unknown;
  try {
    wire = JSON.parse(body);
  } catch (error) {
    return either.left(errorText(error));
  }
  return decodeEnvelope(wire);
}

/** As decodeBody; throws a Fault (`unsupported`) for an event of another release. */
export function decodedOrThrow(path: string, position: number, body: string): Envelope {
  const envelope = decodeBody(body);
  if (either.isRight(envelope)) return envelope.right;
  throw new Fault('unsupported', `log segment ${path}: position ${position}: ${envelope.left}`, {
    hint: 'run the release of snapledger that wrote it, or a newer one',
  });
}
