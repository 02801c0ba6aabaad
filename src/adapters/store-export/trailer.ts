import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { either, json } from 'fp-ts';
import * as t from 'io-ts';
import { Decimal, decodeWith } from '../../../events/codecs.ts';
import { Fault, faultOf } from '../../ports/fault.ts';

const format = 'snapledger.export.v1';

const Trailer = t.type(
  {
    format: t.literal(format),
    store: t.string,
    driver: t.string,
    position: Decimal,
    volumes: t.boolean,
    bytes: Decimal,
    sha256: t.string,
  },
  'ExportTrailer',
);

/** What an export holds: the last line of its file, after the tar archive, which tar itself passes over. */
export interface Contents {
  readonly store: string;
  readonly driver: string;
  /** of the last event */
  readonly position: number;
  /** the layers are in it, not only the log */
  readonly volumes: boolean;
}

const longest = 4096;
const lineFeed = 0x0a;

/** Ends an export: names what it holds, its length and the SHA-256 of all before. Resolves when all is on stable storage. */
export async function seal(file: string, contents: Contents): Promise<number> {
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    const { store, driver, position, volumes } = contents;
    const sha256 = await digestOf(file, size);
    const line = `\n${JSON.stringify(Trailer.encode({ format, store, driver, position, volumes, bytes: size, sha256 }))}\n`;
    await handle.write(line, size);
    await handle.sync();
    return size + Buffer.byteLength(line);
  } finally {
    await handle.close();
  }
}

/** What an export holds, every byte of it checked. Rejects with a Fault: `missing`, or `corrupt` where it is cut or changed. */
export async function checkExport(file: string): Promise<Contents> {
  const trailer = await readTrailer(file).catch((error) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? new Fault('missing', `${file}: there is no such file`, { hint: 'name a file that `snapledger export` wrote' })
      : faultOf(error, file);
  });
  if (trailer === undefined) throw damaged(file, 'it is cut short, or no export');
  const { bytes, sha256, ...contents } = trailer;
  if ((await digestOf(file, bytes)) !== sha256) throw damaged(file, 'its checksum does not match');
  return contents;
}

async function readTrailer(file: string): Promise<t.TypeOf<typeof Trailer> | undefined> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - longest);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(longest), 0, longest, from);
    const end = buffer.subarray(0, bytesRead);
    const start = end.lastIndexOf(lineFeed, -2) + 1;
    const decoded = either.chain((value: unknown) => decodeWith(Trailer, value))(
      either.mapLeft(String)(json.parse(end.toString('utf8', start))),
    );
    return either.isRight(decoded) && decoded.right.bytes + 1 === from + start && end.at(-1) === lineFeed
      ? decoded.right
      : undefined;
  } finally {
    await handle.close();
  }
}

async function digestOf(file: string, bytes: number): Promise<string> {
  const digest = createHash('sha256');
  if (bytes > 0) for await (const chunk of createReadStream(file, { end: bytes - 1 })) digest.update(chunk as Buffer);
  return digest.digest('hex');
}

const damaged = (file: string, why: string) =>
  new Fault('corrupt', `export ${file}: ${why}`, { hint: 'take another copy of it; nothing was made' });
