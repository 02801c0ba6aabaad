import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import { decodeWith } from '../../../events/codecs.ts';
import type { Checkpoint } from '../../ports/checkpoint-store.ts';
import { errorText } from '../../ports/fault.ts';
import { CheckpointHeader, trailerLine } from './checkpoint-lines.ts';
import { isNamedFor } from './checkpoint-name.ts';

const lineFeed = 0x0a;

/** A whole checkpoint, or why the file is none; its bytes may have been read before. Every one is checked; rows are parsed only as they are asked for. */
export async function readCheckpoint(path: string, ahead?: Buffer): Promise<either.Either<string, Checkpoint>> {
  const bytes = ahead ?? (await readWhole(path).catch(errorText));
  if (typeof bytes === 'string') return either.left(bytes);
  const rowsFrom = bytes.indexOf(lineFeed) + 1;
  const rowsTo = bytes.lastIndexOf(lineFeed, -2) + 1;
  if (rowsFrom === 0 || rowsTo === 0) return either.left('it is cut short');
  const rows = bytes.subarray(rowsFrom, rowsTo);
  const count = countLines(rows);
  const sha256 = createHash('sha256').update(bytes.subarray(0, rowsTo)).digest('hex');
  if (bytes.toString('latin1', rowsTo) !== trailerLine(count, sha256))
    return either.left('it is damaged: its checksum does not match');
  const first = bytes.toString('utf8', 0, rowsFrom);
  const header = either.chain((value: unknown) => decodeWith(CheckpointHeader, value))(parsed(first));
  if (either.isLeft(header)) return header;
  const { position, chainHash } = header.right;
  if (!isNamedFor(basename(path), position)) return either.left(`it was renamed: it is of position ${position}`);
  return either.right({ at: { position, chainHash }, rows: { [Symbol.iterator]: () => parsedLines(rows) } });
}

/** With one call for all of it, which `readFile` does in pieces. */
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

const parsed = (text: string): either.Either<string, unknown> => either.mapLeft(String)(json.parse(text));
