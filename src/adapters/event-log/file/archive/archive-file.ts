import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, gunzip, gunzipSync } from 'node:zlib';
import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../../../events/codecs.ts';
import { errorText, faultOf } from '../../../../ports/fault.ts';
import { type Damage, damageFault } from '../format/damage.ts';
import { type Cursor, firstOf } from '../format/segment.ts';

/** The path of a segment's archive, which replaces the segment. */
export const archivePath = (segment: string): string => `${segment}.gz`;

const End = t.type({ position: Decimal, hash: t.string, offset: Decimal }, 'ArchivedEnd');

/** gzip, deflate, a comment follows; no time; made on Unix. Source: RFC 1952. */
const magic = Buffer.from([0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 3]);

/** A segment's bytes as a gzip file, with the segment's end in its comment: `zcat` and any other reader accept it. */
export async function encodeArchive(bytes: Buffer, end: Cursor): Promise<Buffer> {
  const comment = Buffer.from(`${JSON.stringify(End.encode(end))}\0`);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length % 2 ** 32, 4);
  return Buffer.concat([magic, comment, await promisify<Buffer, Buffer>(deflateRaw)(bytes), trailer]);
}

/** All bytes of an archived segment. Rejects with a Fault (`corrupt`) that names its first position if it is damaged. */
export async function inflated(file: string): Promise<Buffer> {
  const packed = await readFile(file);
  return promisify<Buffer, Buffer>(gunzip)(packed).catch((error) => {
    throw damageFault(archiveDamage(file, errorText(error)), error);
  });
}

/** Nothing can be read of an archive after its damage. */
export const archiveDamage = (file: string, why: string): Damage => ({
  ...{ file, offset: 0, position: firstOf(basename(file, '.gz')) ?? 0, broken: false },
  what: `the archive is damaged: ${why}`,
});

const beginningBytes = 64 * 1024;

/** The segment's end and first bytes, read without inflating all of the archive. Rejects with a Fault. */
export async function readBeginning(file: string): Promise<{ readonly end: Cursor; readonly head: Buffer }> {
  try {
    const bytes = await firstBytes(file);
    const comment = bytes.toString('utf8', magic.length, bytes.indexOf(0, magic.length));
    const end = either.chain((value: unknown) => decodeWith(End, value))(either.mapLeft(String)(json.parse(comment)));
    const head = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    if (either.isRight(end)) return { end: end.right, head };
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('Z_')) throw faultOf(error, `log archive ${file}`);
  }
  throw damageFault(archiveDamage(file, 'its beginning is not that of an archive'));
}

async function firstBytes(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(beginningBytes), 0, beginningBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
