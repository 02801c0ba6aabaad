import { linkSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';
import { Fault, faultOf, isFull } from '../../../ports/fault.ts';
import { makeDirectory } from './exact-directory.ts';

/**
 * Moves `ROOT/path` to `ROOT/quarantine/name`, or `name.2` and so on where that is taken, and returns the new path. Never
 * overwrites. Where the old place is empty and the new one is not, it was moved before.
 */
export function setAside(root: string, path: string, name: string): string {
  if (name === '' || name.startsWith('.') || name.includes('/'))
    throw new Fault('misuse', `quarantine of ${path}: ${JSON.stringify(name)} is not a plain name`, {
      hint: 'take a name without slashes that does not begin with a dot',
    });
  // One that was deleted is made again; anything else under its name would be taken for a full one below.
  makeDirectory(`${root}/quarantine`, 0o700);
  const place = `quarantine/${name}`;
  const from = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
  if (from === undefined && lstatSync(`${root}/${place}`, { throwIfNoEntry: false }) !== undefined) return place;
  const move = from?.isDirectory() === true ? renameSync : moveFile;
  for (let n = 1; ; n++) {
    const target = n === 1 ? place : `${place}.${n}`;
    if (movedTo(move, `${root}/${path}`, `${root}/${target}`)) return target;
  }
}

/** A rename replaces an empty directory at most, which loses nothing. */
function movedTo(move: (from: string, to: string) => void, from: string, to: string): boolean {
  try {
    move(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR')) return false;
    throw error;
  }
}

/** A rename would replace another file; a hard link, of a symbolic link itself too, does not. */
function moveFile(from: string, to: string): void {
  linkSync(from, to);
  unlinkSync(from);
}

/**
 * Moves a directory from `snapshots/` to `quarantine/`, to see that it can be done, unless the disk is full. Throws a Fault: `misuse`
 * where one of the two is on another mount.
 */
export function trySetAside(root: string): void {
  const [from, to] = [`${root}/snapshots/.probe`, `${root}/quarantine/.probe`] as const;
  // A start that was killed may have left one.
  for (const path of [from, to]) rmSync(path, { recursive: true, force: true });
  try {
    mkdirSync(from);
    renameSync(from, to);
  } catch (error) {
    if (isErrno(error, 'EXDEV'))
      throw new Fault(
        'misuse',
        `root ${root}: quarantine/ is not on the mount of snapshots/: nothing can be set aside`,
        {
          hint: 'unmount what is mounted on one of them',
          cause: error,
        },
      );
    if (!isFull(error)) throw faultOf(error, `root ${root}: a move from snapshots/ to quarantine/`);
  } finally {
    for (const path of [from, to]) rmSync(path, { recursive: true, force: true });
  }
}
