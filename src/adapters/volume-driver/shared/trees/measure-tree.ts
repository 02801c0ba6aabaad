import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { isErrno } from '../../../../ports/errno.ts';
import type { Usage } from '../../../../ports/volume-driver.ts';
import { bytesOf, rawPath } from '../paths.ts';
import { namesIn, pathLimit, type Walk, walked } from './walks.ts';

interface Directory {
  readonly path: string;
  readonly size: number;
}

type Left = (Directory | number)[];

/**
 * Allocated bytes and inodes of a directory and all below it: hard links once, symbolic links as themselves. What is deleted
 * during the walk does not count. Sync: for a worker thread. Names may be any bytes, and paths of any length.
 */
export const measureTree = (root: string): Usage => walked(measuring(root));

/** The same in steps. */
export function* measuring(root: string): Walk<Usage> {
  const linked = new Set<string>();
  const total = { bytes: 0, inodes: 0 };
  /** directories to read; a number is a file descriptor to close */
  const left: Left = [];
  /** Counts what is at a path; a directory is left to be read. */
  const count = (path: string): void => {
    const stats = lstatSync(rawPath(path), { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (stats.nlink > 1 && !stats.isDirectory() && !isFirst(path, linked)) return;
    total.bytes += stats.blocks * 512;
    total.inodes += 1;
    if (stats.isDirectory()) left.push({ path, size: stats.size });
  };
  count(bytesOf(root));
  try {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (typeof next === 'number') closeSync(next);
      else yield* countEntries(next, left, count);
    }
    return total;
  } finally {
    for (const open of left) if (typeof open === 'number') closeSync(open);
  }
}

function* countEntries({ path, size }: Directory, left: Left, count: (path: string) => void): Walk<void> {
  try {
    const base = path.length > pathLimit ? shortPath(path, left) : path;
    for (const name of namesIn(base, size)) {
      count(`${base}/${name}`);
      yield;
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}

/** A short path of a directory, valid until its descriptor is closed: after all that is below it. */
function shortPath(directory: string, left: Left): string {
  const fd = openSync(rawPath(directory), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  left.push(fd);
  return `/proc/self/fd/${fd}`;
}

/** Whether an inode with several names is met for the first time. Its exact number is asked for only here. */
function isFirst(path: string, linked: Set<string>): boolean {
  const exact = lstatSync(rawPath(path), { throwIfNoEntry: false, bigint: true });
  const inode = `${exact?.dev}:${exact?.ino}`;
  if (linked.has(inode)) return false;
  linked.add(inode);
  return true;
}
