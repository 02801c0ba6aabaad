import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, gunzip, gunzipSync } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../../../events/codecs.ts';
import { errorText } from '../../../../ports/fault.ts';
import { type Damage, damageFault } from '../format/damage.ts';
import { firstOf } from '../format/segment-name.ts';
import type { SegmentFile } from '../read/segment-file.ts';
import type { Cursor } from '../write/cursor.ts';

/** Where a segment's archive stands: beside it, in its place. */
export const archivePath = (segment: string): string => `${segment}.gz`;

const End = t.type({ position: Decimal, chain: t.string, offset: Decimal }, 'ArchivedEnd');

/** gzip, deflate, a comment follows; no time; made on Unix. Source: RFC 1952. */
const magic = Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 3]);

/** A segment's bytes as a gzip file, whose comment tells the segment's end: `zcat` and any other reader take it. */
export async function encodeArchive(bytes: Buffer, end: Cursor): Promise<Buffer> {
  const comment = Buffer.from(`${JSON.stringify(End.encode(end))}\0`);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4);
  return Buffer.concat([magic, comment, await promisify<Buffer, Buffer>(deflateRaw)(bytes), trailer]);
}

/** All bytes of an archived segment. Rejects with a Fault (`corrupt`) that names its first position where it is damaged. */
export async function inflated(file: string): Promise<Buffer> {
  const packed = await readFile(file);
  return promisify<Buffer, Buffer>(gunzip)(packed).catch((error) => {
    throw damageFault(archiveDamage(file, errorText(error)), error);
  });
}

/** Of an archive nothing can be read past its damage. */
export const archiveDamage = (file: string, why: string): Damage => ({
  file,
  offset: 0,
  position: firstOf(basename(file, '.gz')) ?? 0,
  what: `the archive is damaged: ${why}`,
  broken: false,
});

const beginningBytes = 64 * 1024;

/** What an archive says of itself without being inflated whole: its end, and its first bytes. Undefined where that is damaged. */
export async function readBeginning(
  file: string,
): Promise<{ readonly end: Cursor; readonly head: SegmentFile } | undefined> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    const bytes = buffer.subarray(0, bytesRead);
    const comment = bytes.toString('utf8', magic.length, bytes.indexOf(0, magic.length));
    const end = either.chain((value: unknown) => decodeWith(End, value))(either.mapLeft(String)(json.parse(comment)));
    const first = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    return either.isLeft(end) ? undefined : { end: end.right, head: fileOf(first) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_')) return undefined;
    throw error;
  } finally {
    await handle.close();
  }
}

const fileOf = (bytes: Buffer): SegmentFile => ({
  read: async (buffer, offset, length, position) => ({
    bytesRead: bytes.copy(buffer, offset, position, Math.min(bytes.length, position + length)),
  }),
  stat: async () => ({ size: bytes.length }),
  close: async () => {},
});
