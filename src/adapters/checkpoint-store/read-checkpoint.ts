import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { either, json } from 'fp-ts';
import { decodeWith } from '../../../events/codecs.ts';
import type { Checkpoint } from '../../ports/checkpoint-store.ts';
import { errorText } from '../../ports/fault.ts';
import { CheckpointHeader, trailerLine } from './checkpoint-lines.ts';
import { isNamedFor } from './checkpoint-name.ts';

const lineFeed = 0x0a;

/** A whole checkpoint, or why the file is none. Every byte of it is checked. */
export async function readCheckpoint(path: string): Promise<either.Either<string, Checkpoint>> {
  const bytes = await readFile(path).catch(errorText);
  if (typeof bytes === 'string') return either.left(bytes);
  const lines = linesOf(bytes);
  const trailer = lines.at(-1);
  const [first, ...rest] = lines.slice(0, -1);
  if (first === undefined || trailer === undefined) return either.left('it is cut short');
  const before = bytes.subarray(0, bytes.length - trailer.length);
  const expected = trailerLine(rest.length, createHash('sha256').update(before).digest('hex'));
  if (trailer.toString('latin1') !== expected) return either.left('it is damaged: its checksum does not match');
  const header = either.chain((value: unknown) => decodeWith(CheckpointHeader, value))(parsed(first));
  if (either.isLeft(header)) return header;
  const { position, mark } = header.right;
  if (!isNamedFor(basename(path), position)) return either.left(`it was renamed: it is of position ${position}`);
  const rows = rest.map((line): unknown => JSON.parse(line.toString()));
  return either.right({ place: { position, mark }, rows });
}

/** All lines with their line feeds; what stands after the last line feed is a line too. */
function linesOf(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length;
    lines.push(bytes.subarray(start, end));
    start = end;
  }
  return lines;
}

const parsed = (line: Buffer): either.Either<string, unknown> => either.mapLeft(String)(json.parse(line.toString()));
