import { accessSync, constants, mkdirSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { ensureDirectory } from '../exact-directory.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';

/** Source: linux/magic.h */
const btrfs = 0x9123683e;

/**
 * Makes sure that a directory can hold btrfs volumes, lays it out (modes as ARCHITECTURE.md says, whatever the umask) and
 * resolves with its path without symbolic links. Rejects with a Fault whose hint says what to do.
 */
export async function checkBtrfsRoot(root: string, calls: Pick<BtrfsCalls, 'idOf'>): Promise<string> {
  const path = existingRoot(root);
  if (path === '/') throw new Fault('misuse', 'root /: is no directory of its own', { hint: 'take one below it' });
  if (statfsSync(path).type !== btrfs)
    throw new Fault('unsupported', `root ${path}: is not on a btrfs file system`, {
      hint: `mount a btrfs file system at ${path}, or use --driver overlay`,
    });
  try {
    accessSync(path, constants.W_OK);
    for (const directory of ['', '/snapshots', '/quarantine']) ensureDirectory(path + directory, 0o700);
  } catch (error) {
    throw asRootFault(error, path);
  }
  await calls.idOf(path).catch((error) => {
    throw faultOf(error, `root ${path}: btrfs can't be asked`, 'the daemon must be root; install btrfs-progs or koffi');
  });
  return path;
}

function existingRoot(root: string): string {
  try {
    mkdirSync(resolve(root), { recursive: true, mode: 0o700 });
    const path = realpathSync(root);
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    throw asRootFault(error, root);
  }
  throw new Fault('misuse', `root ${root}: is not a directory`, { hint: 'set root to a directory of its own' });
}

function asRootFault(error: unknown, root: string): Fault {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EROFS')
    return new Fault('misuse', `root ${root}: the file system is read-only: ${message}`, {
      hint: 'mount it writable, or set root to another directory',
      cause: error,
    });
  if (code === 'EEXIST' || code === 'ENOTDIR')
    return new Fault('misuse', `root ${root}: is not a directory`, { hint: 'set root to a directory of its own' });
  return faultOf(error, `root ${root}`, 'the daemon must be able to write to its root');
}
