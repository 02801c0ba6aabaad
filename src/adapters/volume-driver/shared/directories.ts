import { chmodSync, closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';
import { Fault } from '../../../ports/fault.ts';

/**
 * Creates a directory with exactly this mode, whatever the umask, and returns whether it was missing. An existing one keeps its
 * mode. Anything else under the name, a symbolic link to a directory included, is a Fault (`misuse`).
 */
export function makeDirectory(path: string, mode: number): boolean {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    if (isDirectory(path)) return false;
    throw new Fault('misuse', `${path}: is not a directory`, { hint: 'move it out of the way' });
  }
  setMode(path, mode);
  return true;
}

/** As makeDirectory, but an existing one gets this mode too. */
export function ensureDirectory(path: string, mode: number): void {
  if (!makeDirectory(path, mode)) setMode(path, mode);
}

/** A check costs a third of a change, and the umask or a default ACL rarely affects the mode. */
function setMode(path: string, mode: number): void {
  if ((lstatSync(path).mode & 0o7777) !== mode) chmodSync(path, mode);
}

/** Whether a directory exists: a symbolic link to one is none. */
export function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether nothing exists at a path, not even a dangling symbolic link. */
export function isVacant(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

/** The names in a directory, none if it is missing. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** A directory that stays the same one if it is moved, or another one is mounted over it. */
interface HeldDirectory {
  /** leads to it in this process, from any thread */
  readonly path: string;
  /** Idempotent. */
  close(): void;
}

export function holdDirectory(path: string): HeldDirectory {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    path: `/proc/self/fd/${fd}`,
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
