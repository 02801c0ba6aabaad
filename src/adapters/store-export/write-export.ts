import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { type Contents, format, Manifest, type Member, manifestName, Trailer } from './contents.ts';
import { block, endOfArchive, padding, tarHeader } from './tar-header.ts';

/** A tar file that is being written, member after member. Rejects with the system's errors. */
export interface ExportWriter {
  /** Adds a member: `append` appends its bytes to the file at the given path, and resolves with the member's entry for the manifest. */
  add(name: string, append: (file: string) => Promise<Pick<Member, 'sockets'>>): Promise<void>;
  readonly members: readonly Member[];
  /** Appends a manifest with every member's digest and a line with the digest of the file. Resolves with the length, on stable storage. */
  finish(contents: Contents): Promise<number>;
  close(): Promise<void>;
}

/** Begins an export; nothing must have that name. */
export async function writeExport(file: string): Promise<ExportWriter> {
  const handle = await open(file, 'wx+', 0o600);
  const total = createHash('sha256');
  const members: Member[] = [];
  let length = 0;
  const put = async (bytes: Buffer) => {
    total.update(bytes);
    await handle.write(bytes, 0, bytes.length, length);
    length += bytes.length;
  };
  const add: ExportWriter['add'] = async (name, append) => {
    const at = length + block;
    await handle.write(Buffer.alloc(block), 0, block, length);
    const { sockets } = await append(file);
    const bytes = (await handle.stat()).size - at;
    await put(tarHeader(name, bytes));
    const own = createHash('sha256');
    await read(handle, at, bytes, [own, total]);
    length += bytes;
    await put(Buffer.alloc(padding(bytes)));
    members.push({ name, at, bytes, sha256: own.digest('hex'), sockets });
  };
  return {
    add,
    members,
    finish: async (contents) => {
      const manifest = Buffer.from(`${JSON.stringify(Manifest.encode(members), undefined, 1)}\n`);
      await put(tarHeader(manifestName, manifest.length));
      const at = length;
      await put(Buffer.concat([manifest, Buffer.alloc(padding(manifest.length)), endOfArchive]));
      const { store, driver, position, volumes } = contents;
      const totals = { format, store, driver, position, volumes, manifest: at, bytes: length } as const;
      const line = `\n${JSON.stringify(Trailer.encode({ ...totals, sha256: total.digest('hex') }))}\n`;
      await handle.write(line, length);
      await handle.sync();
      return length + Buffer.byteLength(line);
    },
    close: () => handle.close(),
  };
}

const chunk = 1 << 20;

async function read(handle: FileHandle, from: number, bytes: number, digests: readonly Hash[]): Promise<void> {
  const buffer = Buffer.alloc(Math.min(chunk, bytes));
  for (let at = from; at < from + bytes; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(chunk, from + bytes - at), at);
    for (const digest of digests) digest.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
