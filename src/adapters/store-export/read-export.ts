import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as either from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { decodeText } from '../../../events/codecs.ts';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { type Contents, damaged, Manifest, type Member, Trailer } from './contents.ts';

/** An export of which every byte was checked. */
export interface CheckedExport extends Contents {
  readonly members: readonly Member[];
}

/**
 * Reads what an export holds, and checks all of it. Rejects with a Fault: `missing`, or `corrupt` if it is cut or changed, which
 * names the changed member.
 */
export async function checkExport(file: string): Promise<CheckedExport> {
  const found = await readEnd(file).catch((error) => {
    throw isErrno(error, 'ENOENT')
      ? new Fault('missing', `${file}: there is no such file`, { hint: 'name a file that `snapledger export` wrote' })
      : faultOf(error, file);
  });
  if (found === undefined) throw damaged(file, 'it is cut short, or no export');
  const { trailer, members } = found;
  const { store, driver, position, volumes, bytes, sha256 } = trailer;
  const whole = (await digestOf(file, 0, bytes)) === sha256;
  if (!whole || members === undefined) throw damaged(file, await whatChanged(file, members));
  return { store, driver, position, volumes, members };
}

/** Names the changed members, by their own digests. */
async function whatChanged(file: string, members: readonly Member[] | undefined): Promise<string> {
  if (members === undefined) return 'its manifest was changed';
  const changed: string[] = [];
  for (const { name, at, bytes, sha256 } of members)
    if ((await digestOf(file, at, bytes)) !== sha256) changed.push(name);
  return changed.length > 0
    ? `${changed.join(', ')} in it ${changed.length === 1 ? 'does' : 'do'} not match the checksum`
    : 'its checksum does not match, though that of every member does: a header was changed';
}

/** The bytes of a member. */
export function readMember(file: string, { at, bytes }: Member): Readable {
  return bytes === 0 ? Readable.from([]) : createReadStream(file, { start: at, end: at + bytes - 1 });
}

interface End {
  readonly trailer: t.TypeOf<typeof Trailer>;
  /** undefined if they can't be read */
  readonly members: readonly Member[] | undefined;
}

const longest = 4096;
const lineFeed = 0x0a;

async function readEnd(file: string): Promise<End | undefined> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - longest);
    const end = await bytesAt(handle, from, size - from);
    const start = end.lastIndexOf(lineFeed, -2) + 1;
    const trailer = decoded(Trailer, end.toString('utf8', start));
    if (trailer === undefined || trailer.bytes + 1 !== from + start || end.at(-1) !== lineFeed) return undefined;
    return { trailer, members: await readManifest(handle, trailer) };
  } finally {
    await handle.close();
  }
}

async function readManifest(handle: FileHandle, { manifest, bytes }: End['trailer']): Promise<End['members']> {
  if (manifest >= bytes) return undefined;
  const text = await bytesAt(handle, manifest, bytes - manifest);
  return decoded(Manifest, text.toString('utf8', 0, text.indexOf(0)));
}

async function bytesAt(handle: FileHandle, from: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from);
  return buffer.subarray(0, bytesRead);
}

function decoded<A>(codec: t.Type<A, unknown>, text: string): A | undefined {
  return either.getOrElseW(() => undefined)(decodeText(codec, text));
}

async function digestOf(file: string, from: number, bytes: number): Promise<string> {
  const digest = createHash('sha256');
  if (bytes > 0)
    for await (const chunk of createReadStream(file, { start: from, end: from + bytes - 1 }))
      digest.update(chunk as Buffer);
  return digest.digest('hex');
}
