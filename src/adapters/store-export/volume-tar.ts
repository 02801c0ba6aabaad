import { type BigIntStats, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { printedError } from '../../ports/errno.ts';
import { faultOf } from '../../ports/fault.ts';
import { type Packed, refuseTooLong } from '../../ports/layers.ts';
import { endOfArchive, linkMember } from './tar-header.ts';

/** Runs tar, which may read a stream or add to a file. */
type Tar = (
  args: readonly string[],
  streams: { readonly input?: Readable; readonly output?: string },
) => Promise<{ readonly status: number; readonly errors: string }>;

/** Owners, modes, times, hard links, holes and all extended attributes, as overlay's whiteouts and xattrs need them. */
const faithful = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--sparse'];

/** Overlay's attributes that are valid only on the file system on which a layer was created. */
const local = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map((name) => `--xattrs-exclude=trusted.overlay.${name}`);

/**
 * Adds a layer to the end of a file, as a tar file, and resolves with the sockets in it, which stay behind; paths relative to the
 * layer. Rejects with a Fault, `unsupported` for a path that is too long.
 */
export async function packVolume(
  tar: Tar,
  entries: readonly Packed[],
  file: string,
): Promise<{ readonly sockets: readonly string[] | undefined }> {
  const { sockets, links } = inspectLayer(entries);
  const places = entries.flatMap(({ directory, list }) =>
    list === undefined
      ? ['--directory', directory, '.']
      : ['--no-recursion', '--null', '--verbatim-files-from', '--directory', directory, '--files-from', list],
  );
  await done('packing a layer', tar(['--create', ...faithful, ...local, ...places], { output: file }));
  if (links.length > 0) {
    // After the end of tar's own archive: `--ignore-zeros` reads on there.
    for (const [path, first] of links) await appendFile(file, linkMember(`./${path}`, `./${first}`));
    await appendFile(file, endOfArchive);
  }
  const named = sockets.map((path) => Buffer.from(path, 'latin1').toString());
  return { sockets: named.length === 0 ? undefined : named };
}

/** Unpacks such a tar file into an empty directory, whose attributes become those of the layer's. Rejects with a Fault. */
export async function unpackVolume(tar: Tar, input: Readable, directory: string): Promise<void> {
  const modes = ['--same-owner', '--preserve-permissions', '--delay-directory-restore', '--ignore-zeros'];
  await done('unpacking a layer', tar(['--extract', ...faithful, ...modes, '--directory', directory], { input }));
}

async function done(what: string, running: ReturnType<Tar>): Promise<void> {
  const { status, errors } = await running;
  if (status !== 0)
    throw faultOf(printedError(errors, errors.trim()), `${what}: tar`, 'check the disk, and run as root');
}

/** Entries that tar does not carry; paths relative to the layer, with a byte in each character. */
interface Inspected {
  /** useless without the processes that created them */
  readonly sockets: readonly string[];
  /** further names of fifos and devices, each with the name that came first */
  readonly links: readonly (readonly [path: string, first: string])[];
}

/** Inspects every entry to be packed. Throws a Fault (`unsupported`) for a path that no import could create. Sync. */
function inspectLayer(entries: readonly Packed[]): Inspected {
  const sockets: string[] = [];
  const links: [string, string][] = [];
  for (const { directory, list } of entries) {
    const top = bytesOf(directory);
    const seen = new Map<string, string>();
    for (const [path, stats] of list === undefined ? entriesBelow(top) : entriesListed(top, list)) {
      if (stats.isSocket()) sockets.push(path);
      else if (stats.nlink > 1n && (stats.isFIFO() || stats.isCharacterDevice() || stats.isBlockDevice())) {
        const inode = `${stats.dev} ${stats.ino}`;
        const first = seen.get(inode);
        if (first === undefined) seen.set(inode, path);
        else links.push([path, first]);
      }
    }
  }
  return { sockets: sockets.sort(), links };
}

type Entry = readonly [path: string, stats: BigIntStats];

/** tar packs in another order: a link must come after both names, and so at the end of the archive. */
function* entriesBelow(top: string): Generator<Entry> {
  const left = [''];
  for (let within = left.pop(); within !== undefined; within = left.pop())
    for (const name of readdirSync(raw(`${top}/${within}`), 'latin1')) {
      const path = `${within}${name}`;
      refuseTooLong(top, path);
      const stats = statsOf(`${top}/${path}`);
      yield [path, stats];
      if (stats.isDirectory()) left.push(`${path}/`);
    }
}

function* entriesListed(top: string, list: string): Generator<Entry> {
  for (const path of readFileSync(list, 'latin1').split('\0'))
    if (path.startsWith('./')) yield [path.slice('./'.length), statsOf(`${top}/${path}`)];
}

const bytesOf = (path: string) => Buffer.from(path).toString('latin1');
const raw = (path: string) => Buffer.from(path, 'latin1');
const statsOf = (path: string) => lstatSync(raw(path), { bigint: true });
