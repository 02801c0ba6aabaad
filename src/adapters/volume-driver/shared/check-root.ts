import { accessSync, constants, mkdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isErrno } from '../../../ports/errno.ts';
import { Fault, faultOf, isFull } from '../../../ports/fault.ts';
import { makeDirectories } from '../../system/files.ts';
import { ensureDirectory } from './directories.ts';

/** The real path of a root, created if it is missing. Throws a Fault for a directory that can't be a root. */
export function existingRoot(root: string): string {
  try {
    makeDirectories(resolve(root), 0o700);
    const path = realpathSync(root);
    if (path === '/')
      throw new Fault('misuse', 'root /: is not a directory for snapledger only', { hint: 'take one below it' });
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    throw asRootFault(error, root);
  }
  throw noDirectory(root);
}

/**
 * Creates the directories of a root with their modes, whatever the umask. Moves one from `snapshots/` to `quarantine/` as a trial,
 * unless the disk is full. Throws a Fault.
 */
export function layOut(root: string, directories: Readonly<Record<string, number>>): void {
  try {
    accessSync(root, constants.W_OK);
    for (const [name, mode] of Object.entries({
      '.': 0o700,
      snapshots: 0o700,
      pool: 0o700,
      quarantine: 0o700,
      ...directories,
    }))
      ensureDirectory(`${root}/${name}`, mode);
  } catch (error) {
    throw asRootFault(error, root);
  }
  trySetAside(root);
}

/**
 * Runs a trial in `ROOT/.probe`, and removes that before and after: a start that was killed may have left one. On a full disk
 * nothing can be tried: the daemon must start all the same, since removing snapshots is what frees it.
 */
export async function probe(
  root: string,
  clear: (scratch: string) => Promise<void>,
  trial: (scratch: string) => Promise<void>,
) {
  const scratch = `${root}/.probe`;
  await clear(scratch);
  try {
    mkdirSync(scratch);
    await trial(scratch);
  } catch (error) {
    if (!isFull(error)) throw error;
  } finally {
    await clear(scratch);
  }
}

function trySetAside(root: string): void {
  const [from, to] = [`${root}/snapshots/.probe`, `${root}/quarantine/.probe`] as const;
  const clear = () => {
    for (const path of [from, to]) rmSync(path, { recursive: true, force: true });
  };
  clear();
  try {
    mkdirSync(from);
    renameSync(from, to);
  } catch (error) {
    if (isErrno(error, 'EXDEV'))
      throw new Fault(
        'misuse',
        `root ${root}: quarantine/ is not on the mount of snapshots/: nothing can be moved there`,
        { hint: 'unmount what is mounted on one of them', cause: error },
      );
    if (!isFull(error)) throw faultOf(error, `root ${root}: a move from snapshots/ to quarantine/`);
  } finally {
    clear();
  }
}

/** The fault for an error on a root. */
function asRootFault(error: unknown, root: string): Fault {
  if (isErrno(error, 'EEXIST', 'ENOTDIR')) return noDirectory(root);
  return faultOf(error, `root ${root}`, 'the daemon must be able to write to its root');
}

const noDirectory = (root: string) =>
  new Fault('misuse', `root ${root}: is not a directory`, { hint: 'set root to a directory of its own' });
