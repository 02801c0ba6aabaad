import { createHash, hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../events/codecs.ts';
import type { Checkpoint } from '../../ports/checkpoint-store.ts';
import type { LogPosition } from '../../ports/event-log.ts';
import { errorText } from '../../ports/fault.ts';

/** Changes with the layout of the file; a checkpoint of any other format is skipped. */
const format = 'snapledger.checkpoint.v1';
const lineFeed = 0x0a;

/** A checkpoint's first line. */
const Header = t.type({ format: t.literal(format), position: Decimal, chainHash: t.string }, 'CheckpointHeader');

/** A checkpoint's file name: its position in 20 digits, so that names sort by position. */
export function checkpointName(position: number): string {
  return `${String(position).padStart(20, '0')}.ckpt`;
}

/** Whether a file name is that of a finished checkpoint. */
export const isCheckpointName = (name: string): boolean => /^[0-9]{20}\.ckpt$/.test(name);

/** The position in the name of a checkpoint or a base. */
export function positionOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Milliseconds of work between two turns of the event loop. */
const sliceMilliseconds = 2;

/** Writes a checkpoint into an empty file, in slices between which the event loop runs. */
export async function writeCheckpoint(file: FileHandle, at: LogPosition, rows: Iterable<unknown>): Promise<void> {
  const digest = createHash('sha256');
  let count = 0;
  const header = `${JSON.stringify(Header.encode({ format, ...at }))}\n`;
  for (const text of slices(header, rows, () => count++)) {
    const bytes = Buffer.from(text);
    digest.update(bytes);
    await file.appendFile(bytes);
    await yieldToLoop();
  }
  await file.appendFile(trailerLine(count, digest.digest('hex')));
}

/** The lines of the rows after a first line, joined to pieces that each took a slice of time to make. */
function* slices(first: string, rows: Iterable<unknown>, counted: () => void): Generator<string> {
  let text = first;
  let began = performance.now();
  for (const row of rows) {
    counted();
    text += `${JSON.stringify(row)}\n`;
    if (performance.now() - began < sliceMilliseconds) continue;
    yield text;
    text = '';
    began = performance.now();
  }
  yield text;
}

/** The last line: the count of rows, and the SHA-256 of every byte before it, in hex. */
const trailerLine = (rows: number, sha256: string) => `${JSON.stringify({ rows: Decimal.encode(rows), sha256 })}\n`;

/**
 * An intact checkpoint, or why the file is not one; its bytes may have been read before. Every byte is checked; rows are
 * parsed only as they are iterated.
 */
export async function readCheckpoint(path: string, ahead?: Buffer): Promise<either.Either<string, Checkpoint>> {
  const bytes = ahead ?? (await readWhole(path).catch(errorText));
  if (typeof bytes === 'string') return either.left(bytes);
  const rowsFrom = bytes.indexOf(lineFeed) + 1;
  const rowsTo = bytes.lastIndexOf(lineFeed, -2) + 1;
  if (rowsFrom === 0 || rowsTo === 0) return either.left('it is cut short');
  const rows = bytes.subarray(rowsFrom, rowsTo);
  const count = countLines(rows);
  if (bytes.toString('latin1', rowsTo) !== trailerLine(count, hash('sha256', bytes.subarray(0, rowsTo))))
    return either.left('it is damaged: its checksum does not match');
  const parsed = either.mapLeft(String)(json.parse(bytes.toString('utf8', 0, rowsFrom)));
  const header = either.chain((value: unknown) => decodeWith(Header, value))(parsed);
  if (either.isLeft(header)) return header;
  const { position, chainHash } = header.right;
  if (basename(path).replace(/\.base$/, '.ckpt') !== checkpointName(position))
    return either.left(`it was renamed: it is of position ${position}`);
  return either.right({ at: { position, chainHash }, rows: { [Symbol.iterator]: () => parsedLines(rows) } });
}

/** Reads a file in one call; `readFile` needs several. */
export async function readWhole(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.allocUnsafeSlow((await handle.stat()).size);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function* parsedLines(bytes: Buffer): IterableIterator<unknown> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    yield JSON.parse(bytes.toString('utf8', start, end));
    start = end + 1;
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}
