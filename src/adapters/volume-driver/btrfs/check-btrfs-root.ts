import { accessSync, constants, statfsSync } from 'node:fs';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { ensureDirectory } from '../exact-directory.ts';
import { asRootFault, existingRoot } from '../existing-root.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';

/** Source: linux/magic.h */
export const btrfsMagic = 0x9123683e;

/**
 * Makes sure that a directory can hold btrfs volumes, lays it out (modes as ARCHITECTURE.md says, whatever the umask) and
 * resolves with its path without symbolic links. Rejects with a Fault whose hint says what to do.
 */
export async function checkBtrfsRoot(root: string, calls: Pick<BtrfsCalls, 'idOf'>): Promise<string> {
  const path = existingRoot(root);
  if (path === '/') throw new Fault('misuse', 'root /: is no directory of its own', { hint: 'take one below it' });
  if (statfsSync(path).type !== btrfsMagic)
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
