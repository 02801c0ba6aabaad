import { statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import { isErrno } from '../../../../ports/errno.ts';
import { faultOf } from '../../../../ports/fault.ts';
import { archivePath, inflated } from '../archive/archive-file.ts';
import type { Damage } from '../format/damage.ts';
import { decodeHeader, type Header, newerFormat } from '../format/header.ts';
import { type Line, lineFeed, lineStart, newerRelease, parseLine } from '../format/line.ts';
import { firstOf } from '../format/segment.ts';

/** A segment's bytes, be they in the file itself or in its archive. */
export interface SegmentFile {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  /** its size, and when it was written last, in milliseconds since 1970 */
  stat(): Promise<{ readonly size: number; readonly mtimeMs: number }>;
  close(): Promise<void>;
}

/** Opens a segment for reading: the file itself, or the archive that has replaced it. Rejects as `open` does. */
export async function openSegment(path: string): Promise<SegmentFile> {
  const plain = await open(path, 'r').catch(undefinedIfMissing);
  return plain ?? inMemory(await cachedArchive(archivePath(path)));
}

/** Opens a segment for the duration of `work`. Rejects with a Fault. */
export async function withSegment<T>(path: string, work: (file: SegmentFile) => Promise<T>): Promise<T> {
  try {
    const file = await openSegment(path);
    try {
      return await work(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

export const inMemory = (bytes: Buffer): SegmentFile => ({
  read: async (buffer, offset, length, position) => ({
    bytesRead: bytes.copy(buffer, offset, Math.min(bytes.length, position), Math.min(bytes.length, position + length)),
  }),
  stat: async () => ({ size: bytes.length, mtimeMs: 0 }),
  close: async () => {},
});

function undefinedIfMissing(error: NodeJS.ErrnoException): FileHandle | undefined {
  if (isErrno(error, 'ENOENT')) return undefined;
  throw error;
}

/** The archives that were read last. */
const recent = new Map<string, { readonly stamp: string; readonly bytes: Buffer }>();
const maxRecent = 3;

async function cachedArchive(file: string): Promise<Buffer> {
  const { mtimeMs, size } = statSync(file);
  const stamp = `${mtimeMs} ${size}`;
  const cached = recent.get(file);
  const bytes = cached?.stamp === stamp ? cached.bytes : await inflated(file);
  recent.delete(file);
  recent.set(file, { stamp, bytes });
  for (const oldest of recent.keys()) if (recent.size > maxRecent) recent.delete(oldest);
  return bytes;
}

/** A few hundred events: verifying and decoding them takes a few milliseconds, during which nothing else runs. */
const blockBytes = 192 * 1024;

/**
 * Bytes of a file from `from` on, ending with a whole line; or all up to `to` if no line ends before that, or some if they begin
 * with zeros. Shorter than asked for, or empty, only if the file itself is.
 */
export async function readLines(file: SegmentFile, from: number, to: number): Promise<Buffer> {
  for (let size = blockBytes; ; size *= 4) {
    const block = await readBytes(file, from, Math.min(size, to - from));
    const end = block.lastIndexOf(lineFeed) + 1;
    if (end > 0) return block.subarray(0, end);
    if (block.length < size || block[0] === 0) return block;
  }
}

/** Up to `length` bytes of a file from `from` on; fewer only at its end. */
export async function readBytes(file: SegmentFile, from: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await file.read(buffer, read, length - read, from + read);
    if (bytesRead === 0) return buffer.subarray(0, read);
    read += bytesRead;
  }
  return buffer;
}

const zeros = Buffer.alloc(64 * 1024);

/**
 * The byte after the last one of a file that is not zero: text has no zeros, what is prepared for it has nothing else. A daemon may
 * cut the zeros off meanwhile.
 */
export async function endOfData(file: SegmentFile): Promise<number> {
  for (let { size: end } = await file.stat(); end > 0; end = Math.max(0, end - zeros.length)) {
    const from = Math.max(0, end - zeros.length);
    const block = await readBytes(file, from, end - from);
    if (!block.equals(zeros.subarray(0, block.length))) return from + block.findLastIndex((byte) => byte !== 0) + 1;
  }
  return 0;
}

const maxHeaderBytes = 4096;

/**
 * A segment's header, or what is wrong with it. The header must agree with the file's name. Rejects with a Fault (`unsupported`) if a
 * newer release wrote the segment: it is not damaged, and this release must neither read nor repair it.
 */
export async function readHeader(file: SegmentFile, path: string): Promise<either.Either<Damage, Header>> {
  const first = firstOf(basename(path)) ?? 0;
  const damaged = (what: string): either.Either<Damage, Header> =>
    either.left({ file: path, offset: 0, position: first, what, broken: false });
  const block = await readBytes(file, 0, maxHeaderBytes);
  const end = block.indexOf(lineFeed) + 1;
  const line = parseLine(block, 0, end, 'segment');
  if (line === undefined) return damaged('the header is damaged: its checksum does not match');
  const newer = newerFormat(line);
  if (newer !== undefined)
    throw newerRelease(`log segment ${path}: is in the format ${newer}, written by a newer release`);
  const header = decodeHeader(line, end);
  if (either.isLeft(header)) return damaged(`the header can't be read: ${header.left}`);
  if (header.right.first !== first)
    return damaged(`the header begins at position ${header.right.first}: the file was renamed`);
  return header;
}

/** A whole event's line somewhere in a segment, whatever precedes it. */
export interface FoundRecord extends Line {
  readonly offset: number;
  /** byte at which the next line begins */
  readonly next: number;
}

/** The first whole event's line that begins at or after byte `from`, even in the middle of a damaged line. */
export async function findRecord(file: SegmentFile, from: number, to: number): Promise<FoundRecord | undefined> {
  for (let offset = from; offset < to; ) {
    const block = await readLines(file, offset, to);
    if (block.length === 0) return undefined;
    for (let start = block.indexOf(lineStart); start !== -1; start = block.indexOf(lineStart, start + 1)) {
      const next = block.indexOf(lineFeed, start) + 1;
      const line = next === 0 ? undefined : parseLine(block, start, next, 'event');
      if (line !== undefined) return { ...line, offset: offset + start, next: offset + next };
    }
    offset += block.length;
  }
  return undefined;
}
