import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Found, VolumeDriver } from '../../../ports/volume-driver.ts';
import { isVacant, makeDirectory } from './directories.ts';
import { guarded } from './faults.ts';
import { foundPath } from './paths.ts';
import { type Entry, type ScanJob, scansOf } from './scan.ts';

/** How a driver inspects the entries below `ROOT/snapshots`. */
export interface Orphans extends ScanJob {
  /** the driver's description of an entry */
  foundAt(entry: Entry): Found;
  /** Whether the entry at an absolute path can't have been written into since it was created. */
  isPristine(path: string): boolean | Promise<boolean>;
  /** Deletes whatever is at an absolute path. */
  remove(path: string): number | Promise<number>;
}

/** The reconciler's actions on entries below `ROOT/snapshots`. Scans change nothing. */
export function orphanActions(
  orphans: Orphans,
): Pick<VolumeDriver, 'scan' | 'scanIds' | 'isPristine' | 'quarantine' | 'discard'> {
  const { root, foundAt, isPristine, remove } = orphans;
  const path = (found: Found) => foundPath(root, found);
  return {
    ...scansOf(orphans, foundAt),
    isPristine: (found) =>
      guarded(`inspection of ${found.path}`, () => isVacant(path(found)) || isPristine(path(found))),
    quarantine: (found, name) =>
      guarded(`quarantine of ${found.path}`, () => {
        foundPath(root, found);
        return setAside(root, found.path, name);
      }),
    discard: (found) => guarded(`deletion of ${found.path}`, () => remove(path(found))),
  };
}

/**
 * Moves `ROOT/path` to `ROOT/quarantine/name`, or `name.2` and so on if that exists, and returns the new path. Never
 * overwrites. If the old path is vacant and the new one is not, it was moved before.
 */
export function setAside(root: string, path: string, name: string): string {
  if (name === '' || name.startsWith('.') || name.includes('/'))
    throw new Fault('misuse', `quarantine of ${path}: ${JSON.stringify(name)} is not a plain name`, {
      hint: 'take a name without slashes that does not begin with a dot',
    });
  // Recreates it if it was deleted, and rejects anything but a directory: below, that would count as an existing target.
  makeDirectory(`${root}/quarantine`, 0o700);
  const first = `quarantine/${name}`;
  const from = lstatSync(`${root}/${path}`, { throwIfNoEntry: false });
  if (from === undefined && !isVacant(`${root}/${first}`)) return first;
  const move = from?.isDirectory() === true ? renameSync : moveFile;
  for (let n = 1; ; n++) {
    const target = n === 1 ? first : `${first}.${n}`;
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

/** A rename would replace another file; a hard link does not. Of a symbolic link it links the link itself. */
function moveFile(from: string, to: string): void {
  linkSync(from, to);
  unlinkSync(from);
}
