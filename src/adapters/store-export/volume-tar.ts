import { appendFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { printedError } from '../../ports/errno.ts';
import { faultOf } from '../../ports/fault.ts';
import type { Packed } from '../../ports/volume-carrier.ts';
import { inspectLayer } from './inspect-layer.ts';
import { endOfArchive, linkMember } from './tar-header.ts';

/** Runs tar, which may read a stream or add to a file. */
export type Tar = (
  args: readonly string[],
  streams: { readonly input?: Readable; readonly output?: string },
) => Promise<{ readonly status: number; readonly errors: string }>;

/** Owners, modes, times, hard links, holes and all extended attributes, as overlay's whiteouts and marks need them. */
const faithful = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--sparse'];

/** What overlay notes for itself of the place where a layer was made. */
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
    // After the end of tar's own archive: reading goes on there.
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
    throw faultOf(printedError(errors, errors.trim()), `${what}: tar`, 'look at the disk, and run as root');
}
