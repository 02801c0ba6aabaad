import { accessSync, constants, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { Fault, faultOf, isFull } from '../../../ports/fault.ts';
import { ensureDirectory } from '../shared/exact-directory.ts';
import { asRootFault, existingRoot } from '../shared/existing-root.ts';
import { trySetAside } from '../shared/set-aside.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { isSubvolume } from './is-subvolume.ts';

type Calls = Pick<BtrfsCalls, 'idOf' | 'create' | 'snapshot' | 'remove'>;

/** Source: linux/magic.h */
export const btrfsMagic = 0x9123683e;

/**
 * Makes sure that a directory can hold btrfs volumes, lays it out (modes as ARCHITECTURE.md says, whatever the umask) and
 * resolves with its path without symbolic links. What the first snapshots will need is tried: a move to quarantine, a subvolume and a
 * snapshot of it. Rejects with a Fault whose hint says what to do.
 */
export async function checkBtrfsRoot(root: string, calls: Calls): Promise<string> {
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
    throw faultOf(error, `root ${path}: btrfs can't be asked`, 'the daemon must be root');
  });
  trySetAside(path);
  await trySnapshot(path, calls);
  return path;
}

async function trySnapshot(root: string, calls: Calls): Promise<void> {
  const place = `${root}/.probe`;
  const clear = async () => {
    for (const name of ['layer', 'fs']) if (isSubvolume(`${place}/${name}`)) await calls.remove(place, name);
    rmSync(place, { recursive: true, force: true });
  };
  try {
    // A start that was killed may have left one.
    await clear();
    mkdirSync(place);
    await calls.create(place, 'fs');
    await calls.snapshot(`${place}/fs`, place, 'layer', { readOnly: true });
    await clear();
  } catch (error) {
    // On a full disk nothing can be tried; the daemon must start all the same, since removing snapshots is what frees it.
    if (!isFull(error)) throw faultOf(error, `root ${root}: no snapshot can be made and deleted`);
  }
}
