import { lstatSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { isErrno } from '../../../../ports/errno.ts';
import { rawPath } from '../paths.ts';
import { namesIn, pathLimit, type Walk, walked } from './walks.ts';

/**
 * Deletes whatever is at a path, never following a symbolic link, and returns the bytes freed; nothing there is no error. If
 * something can't be deleted the rest is still deleted, and the first error is thrown at the end. Sync: for a worker thread.
 * Names may be any bytes, and paths of any length.
 */
export const removeTree = (path: string | Buffer): number => walked(removing(path));

/** The same in steps. The next removal continues one that was interrupted. */
export function* removing(path: string | Buffer): Walk<number> {
  const top = (typeof path === 'string' ? Buffer.from(path) : path).toString('latin1');
  const removal: Removal = { top, left: [], freed: 0, moved: 0, failure: undefined };
  removeEntry(removal, top);
  for (let step = removal.left.pop(); step !== undefined; step = removal.left.pop()) {
    if (step.emptied) attempt(removal, () => removeEmptied(removal, step));
    else yield* emptyDirectory(removal, step);
  }
  if (removal.failure !== undefined) throw removal.failure;
  return removal.freed;
}

interface Removal {
  readonly top: string;
  readonly left: Step[];
  freed: number;
  moved: number;
  failure: unknown;
}

/** A directory to empty (`tries` left) or, once emptied, to delete. */
interface Step {
  readonly path: string;
  /** before it was emptied */
  readonly stats: Stats;
  readonly emptied: boolean;
  readonly tries: number;
}

const attempts = 3;

function attempt(removal: Removal, operation: () => void): void {
  try {
    operation();
  } catch (error) {
    note(removal, error);
  }
}

function note(removal: Removal, error: unknown): void {
  if (!isErrno(error, 'ENOENT')) removal.failure ??= error;
}

function removeEntry(removal: Removal, path: string): void {
  attempt(removal, () => {
    const bytes = rawPath(path);
    const stats = lstatSync(bytes);
    if (stats.isDirectory()) {
      removal.left.push({ path: shortened(removal, path), stats, emptied: false, tries: attempts });
      return;
    }
    unlinkSync(bytes);
    removal.freed += freedBy(stats, 1);
  });
}

function* emptyDirectory(removal: Removal, step: Step): Walk<void> {
  const { path, stats } = step;
  removal.left.push({ ...step, emptied: true });
  try {
    for (const name of namesIn(path, stats.size)) {
      removeEntry(removal, `${path}/${name}`);
      yield;
    }
  } catch (error) {
    note(removal, error);
  }
}

/** A process that is still writing may have put something there meanwhile. */
function removeEmptied(removal: Removal, step: Step): void {
  const { path, stats, tries } = step;
  try {
    rmdirSync(rawPath(path));
    removal.freed += freedBy(stats, stats.nlink);
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY')) throw error;
    if (removal.failure !== undefined) return;
    if (tries === 0) throw error;
    removal.left.push({ ...step, emptied: false, tries: tries - 1 });
  }
}

/** A directory too deep for the kernel's limit of 4096 bytes a path is first moved to the top of the tree that is deleted. */
function shortened(removal: Removal, path: string): string {
  if (path.length <= pathLimit) return path;
  const higher = `${removal.top}/.too-deep-${process.pid}-${Date.now()}-${removal.moved++}`;
  renameSync(rawPath(path), rawPath(higher));
  return higher;
}

const freedBy = (stats: Stats, lastLinks: number): number => (stats.nlink === lastLinks ? stats.blocks * 512 : 0);
