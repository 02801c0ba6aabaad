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
  /** bytes from the line's first one to the end of its batch; those of the line in the layout without batches */
  readonly left: number;
}

/** The beginning of every line, before its eight digits of CRC-32. */
export const lineStart = '{"crc":"';
export const lineFeed = 0x0a;
const checkedFrom = lineStart.length + 8;
const beforeHash = '","hash":"';
const hashAt = checkedFrom + beforeHash.length;
const hashEnd = hashAt + 64;
const beforeBatch = '","batch":"';
const batchAt = hashEnd + beforeBatch.length;
const batchDigits = 10;
const beforeBody = { segment: '","segment":', event: '","event":' } as const;
const ending = '}\n';
const closingBrace = 0x7d;

/** Offsets of the parts of an event's line, and the text between them. */
export const eventLine = {
  lineStart: Buffer.from(lineStart),
  crcAt: lineStart.length,
  checkedFrom,
  beforeHash: Buffer.from(beforeHash),
  hashAt,
  hashEnd,
};

const layouts = [
  { before: Buffer.from(beforeBatch), bodyAt: batchAt + batchDigits + beforeBody.event.length },
  { before: Buffer.from(beforeBody.event), bodyAt: hashEnd + beforeBody.event.length },
] as const;
const [withBatch, withoutBatch] = layouts;

/** Offset of an event's body in the line that begins at `start`: by its layout, with or without a batch. */
export const bodyAt = (block: Buffer, start: number): number =>
  block[start + hashEnd + 3] === withBatch.before[3] ? withBatch.bodyAt : withoutBatch.bodyAt;

/**
 * Bytes from the first one of an event's line, which ends before `next`, to the end of its batch. Undefined if what precedes
 * the body has neither layout.
 */
export function bytesLeft(block: Buffer, start: number, next: number): number | undefined {
  const layout = bodyAt(block, start) === withBatch.bodyAt ? withBatch : withoutBatch;
  if (!matches(block, start + hashEnd, layout.before)) return undefined;
  if (layout === withoutBatch) return next - start;
  const end = start + batchAt + batchDigits;
  if (!matches(block, end, withoutBatch.before)) return undefined;
  let left = 0;
  for (let at = start + batchAt; at < end; at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    left = 10 * left + digit;
  }
  return left;
}

/** Whether a block has these bytes at an offset. */
export function matches(block: Buffer, at: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) if (block[at + index] !== bytes[index]) return false;
  return true;
}

/** The hash of a line whose body follows a line with hash `previous`. */
export function chain(previous: string, body: string): string {
  return digest('sha256', previous + body);
}

/** The text of a line without batch, with its line feed. The checksum covers every byte after itself, the line feed included. */
export function formatLine(kind: LineKind, previous: string, body: string): { text: string; hash: string } {
  const hash = chain(previous, body);
  const checked = `${beforeHash}${hash}${beforeBody[kind]}${body}${ending}`;
  return { text: `${lineStart}${hex(crc32(checked))}${checked}`, hash };
}

/** The JSON of an envelope, as it is hashed and stored. */
export const bodyOf = (envelope: Envelope): string => JSON.stringify(encodeEnvelope(envelope));

/** An event's line before it is known which batch it is in. */
export interface ChainedLine {
  readonly hash: string;
  readonly body: string;
  /** of the line, its line feed included */
  readonly bytes: number;
}

const bytesAroundBody = withBatch.bodyAt + ending.length;

/** The lines of events that follow a line with hash `previous`. */
export function chainLines(previous: string, bodies: readonly string[]): readonly ChainedLine[] {
  let hash = previous;
  return bodies.map((body) => {
    hash = chain(hash, body);
    return { hash, body, bytes: bytesAroundBody + Buffer.byteLength(body) };
  });
}

/** The bytes of one batch. */
export function encodeBatch(lines: readonly ChainedLine[]): Buffer {
  const batch = Buffer.allocUnsafe(lines.reduce((sum, { bytes }) => sum + bytes, 0));
  let at = 0;
  for (const { hash, body, bytes } of lines) {
    const left = String(batch.length - at).padStart(batchDigits, '0');
    const head = `${lineStart}00000000${beforeHash}${hash}${beforeBatch}${left}${beforeBody.event}`;
    batch.write(head, at, 'latin1');
    batch.write(body, at + withBatch.bodyAt, 'utf8');
    batch.write(ending, at + bytes - ending.length, 'latin1');
    batch.write(hex(crc32(batch.subarray(at + checkedFrom, at + bytes))), at + lineStart.length, 'latin1');
    at += bytes;
  }
  return batch;
}

/**
 * The line from `start` up to `end`, its line feed included, or undefined if any byte of it is damaged. The caller must check
 * whether its hash follows from the line before.
 */
export function parseLine(block: Buffer, start: number, end: number, kind: LineKind): Line | undefined {
  const from = start + (kind === 'event' ? bodyAt(block, start) : hashEnd + beforeBody.segment.length);
  if (end - from < 4 || block[end - 1] !== lineFeed || block[end - 2] !== closingBrace) return undefined;
  const head = block.toString('latin1', start, from);
  if (head.slice(0, checkedFrom) !== lineStart + hex(crc32(block.subarray(start + checkedFrom, end)))) return undefined;
  if (head.slice(checkedFrom, hashAt) !== beforeHash) return undefined;
  if (kind === 'segment' && head.slice(hashEnd) !== beforeBody.segment) return undefined;
  const left = kind === 'event' ? bytesLeft(block, start, end) : end - start;
  if (left === undefined) return undefined;
  return { hash: head.slice(hashAt, hashEnd), body: block.toString('utf8', from, end - 2), left };
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
  throw newerRelease(`log segment ${path}: position ${position}: ${envelope.left}`);
}

/** The fault (`unsupported`) for what another release wrote. */
export function newerRelease(what: string): Fault {
  return new Fault('unsupported', what, { hint: 'run the release of snapledger that wrote it, or a newer one' });
}
