import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { Fault } from '../../ports/fault.ts';
import { makeDirectory } from './exact-directory.ts';

const taken = new Set(['EEXIST', 'ENOTEMPTY', 'ENOTDIR']);

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
    if (taken.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** A rename would replace another file; a hard link, of a symbolic link itself too, does not. */
function moveFile(from: string, to: string): void {
  linkSync(from, to);
  unlinkSync(from);
}
