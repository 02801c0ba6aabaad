import { closeSync, constants, lstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import type { Usage } from '../../ports/volume-driver.ts';

/** Below this the kernel's limit of 4096 bytes a path is never met: a name has 255 at most. */
const longestPath = 3000;

/**
 * Allocated bytes and inodes of a directory and all below it: hard links once, symbolic links as themselves. What
 * vanishes during the walk does not count. Sync: for a worker thread. Names may be any bytes and paths of any length.
 */
export function measureTree(root: string): Usage {
  const linked = new Set<string>();
  const total = { bytes: 0, inodes: 0 };
  // Paths are latin1 strings, which keep every byte of a name; a number is a file descriptor to close.
  const left: (string | number)[] = [Buffer.from(root).toString('latin1')];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'number') {
      closeSync(next);
      continue;
    }
    const stats = lstatSync(Buffer.from(next, 'latin1'), { throwIfNoEntry: false });
    if (stats === undefined || !isFirst(next, stats, linked)) continue;
    total.bytes += stats.blocks * 512;
    total.inodes += 1;
    if (stats.isDirectory()) pushEntries(left, next);
  }
  return total;
}

/** Whether an inode is met for the first time. Its exact number is asked for only where it has several names. */
function isFirst(path: string, stats: Stats, linked: Set<string>): boolean {
  if (stats.nlink < 2 || stats.isDirectory()) return true;
  const exact = lstatSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false, bigint: true });
  const inode = `${exact?.dev}:${exact?.ino}`;
  if (linked.has(inode)) return false;
  linked.add(inode);
  return true;
}

function pushEntries(left: (string | number)[], directory: string): void {
  tolerant(() => {
    let base = directory;
    if (base.length > longestPath) {
      const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      const fd = openSync(Buffer.from(base, 'latin1'), flags);
      left.push(fd);
      base = `/proc/self/fd/${fd}`;
    }
    for (const name of readdirSync(Buffer.from(base, 'latin1'), 'latin1')) left.push(`${base}/${name}`);
  });
}

function tolerant(read: () => void): void {
  try {
    read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  }
}
