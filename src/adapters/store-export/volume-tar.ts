import type { Readable } from 'node:stream';
import { printedError } from '../../ports/errno.ts';
import { faultOf } from '../../ports/fault.ts';
import type { Packed } from '../../ports/volume-carrier.ts';

/** Runs tar, which may read a stream or add to a file. */
export type Tar = (
  args: readonly string[],
  streams: { readonly input?: Readable; readonly output?: string },
) => Promise<{ readonly status: number; readonly errors: string }>;

/** Owners, modes, times, hard links, holes and all extended attributes, as overlay's whiteouts and marks need them. */
const faithful = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner', '--sparse'];

/** What overlay notes for itself of the place where a layer was made. */
const local = ['origin', 'impure', 'nlink', 'upper', 'uuid'].map((name) => `--xattrs-exclude=trusted.overlay.${name}`);

/** Adds a layer to the end of a file, as a tar file. Rejects with a Fault. */
export async function packVolume(tar: Tar, entries: readonly Packed[], file: string): Promise<void> {
  const places = entries.flatMap(({ directory, list }) =>
    list === undefined
      ? ['--directory', directory, '.']
      : ['--no-recursion', '--null', '--directory', directory, '--files-from', list],
  );
  await done('packing a layer', tar(['--create', ...faithful, ...local, ...places], { output: file }));
}

/** Unpacks such a tar file into an empty directory, whose attributes become those of the layer's. Rejects with a Fault. */
export async function unpackVolume(tar: Tar, input: Readable, directory: string): Promise<void> {
  const args = ['--extract', ...faithful, '--same-owner', '--preserve-permissions', '--directory', directory];
  await done('unpacking a layer', tar(args, { input }));
}

async function done(what: string, running: ReturnType<Tar>): Promise<void> {
  const { status, errors } = await running;
  if (status !== 0)
    throw faultOf(printedError(errors, errors.trim()), `${what}: tar`, 'look at the disk, and run as root');
}
