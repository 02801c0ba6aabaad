import { readdirSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';

const longestPath = 4094;

/**
 * Whether the file system tells what kind its directory entries are (d_type), which overlay can't do without. Node asks
 * for the kind of an entry by itself where the file system is silent: here its path is one byte too long for that, so it
 * fails instead. The directory must hold an entry.
 */
export function tellsEntryTypes(directory: string): boolean {
  const padding = '/.'.repeat(Math.floor((longestPath - Buffer.byteLength(directory)) / 2));
  try {
    readdirSync(Buffer.from(directory + padding), { encoding: 'buffer', withFileTypes: true });
    return true;
  } catch (error) {
    if (isErrno(error, 'ENAMETOOLONG')) return false;
    throw error;
  }
}
