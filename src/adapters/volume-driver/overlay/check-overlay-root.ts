import { accessSync, constants, rmSync, statfsSync } from 'node:fs';
import { Fault, isFull } from '../../../ports/fault.ts';
import { makeDirectories } from '../../system/files.ts';
import { ensureDirectory } from '../shared/exact-directory.ts';
import { asRootFault, existingRoot } from '../shared/existing-root.ts';
import { trySetAside } from '../shared/set-aside.ts';
import { tellsEntryTypes } from './entry-types.ts';
import { kernelTraits } from './kernel-traits.ts';
import type { TryMount } from './overlay-options.ts';
import { tryMounts } from './try-mounts.ts';

const overlayfs = 0x794c7630;

/**
 * Makes sure that a directory can hold overlay's volumes, lays it out (modes as ARCHITECTURE.md says, whatever the umask)
 * and returns its path without symbolic links. What the first snapshots will need is tried: a move to quarantine, and with `tryMount`
 * their mounts with the operator's options. Rejects with a Fault whose hint says what to do.
 */
export async function checkOverlayRoot(
  root: string,
  tryMount?: TryMount,
  mountOptions: readonly string[] = [],
): Promise<string> {
  const path = existingRoot(root);
  checkPath(path);
  try {
    accessSync(path, constants.W_OK);
    ensureDirectory(path, 0o700);
    ensureDirectory(`${path}/snapshots`, 0o700);
    ensureDirectory(`${path}/empty`, 0o755);
    ensureDirectory(`${path}/quarantine`, 0o700);
  } catch (error) {
    throw asRootFault(error, path);
  }
  trySetAside(path);
  await probe(path, tryMount, mountOptions);
  return path;
}

/** A comma ends an option of a mount, a colon a layer; a backslash takes away the meaning of what follows. */
function checkPath(path: string): void {
  if (path === '/') throw new Fault('misuse', 'root /: is no directory of its own', { hint: 'take one below it' });
  if (/[,:\\]/.test(path))
    throw new Fault('misuse', `root ${path}: mount options can't carry a path with a comma, colon or backslash`, {
      hint: 'take a directory without these characters in its path',
    });
}

async function probe(path: string, tryMount: TryMount | undefined, mountOptions: readonly string[]): Promise<void> {
  if (statfsSync(path).type === overlayfs)
    throw new Fault('unsupported', `root ${path}: is itself on an overlay, which can't carry another`, {
      hint: 'put the root on a volume of ext4, xfs or btrfs',
    });
  const place = `${path}/.probe`;
  // A start that was killed may have left one.
  rmSync(place, { recursive: true, force: true });
  try {
    makeDirectories(`${place}/snapshots`);
    if (!tellsEntryTypes(place))
      throw new Fault('unsupported', `root ${path}: its file system keeps no types of entries (d_type)`, {
        hint: 'make it anew with them: mkfs.xfs -n ftype=1, mkfs.ext4 -O filetype',
      });
    if (tryMount !== undefined)
      await tryMounts({ root: path, place, traits: kernelTraits(path), mountOptions, tryMount });
  } catch (error) {
    // On a full disk nothing can be tried; the daemon must start all the same, since removing snapshots is what frees it.
    if (!isFull(error)) throw error;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
