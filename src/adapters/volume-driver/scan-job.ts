import { lstatSync, readdirSync } from 'node:fs';
import type { Numbers } from '../../ports/volume-driver.ts';
import { idOfName } from './id-of-name.ts';

/** What is asked of a scan. */
export interface ScanJob {
  readonly root: string;
  /** directories to look for in each numbered one, eight at most */
  readonly parts: readonly string[];
  /** A part counts only with this inode number: that of a subvolume's root, on btrfs. */
  readonly inode?: number;
}

/** What stands below `ROOT/snapshots`, without an object an entry: it crosses threads. */
export interface Scanned {
  readonly ids: Float64Array<ArrayBuffer>;
  /** of each id the parts that it has, one bit each, the first part lowest */
  readonly parts: Uint8Array<ArrayBuffer>;
  /** names of all that is no directory named by a plain decimal number */
  readonly strangers: readonly string[];
}

/** Looks at everything, in one go; tells what it has found by name before it looks further. Throws errors of the file system. */
export function scan({ root, parts, inode }: ScanJob, named: (numbers: Numbers) => void = () => {}): Scanned {
  const folder = `${root}/snapshots`;
  const has = (path: string) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isDirectory() === true && (inode === undefined || stats.ino === inode);
  };
  const ids: number[] = [];
  const strangers: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const id = entry.isDirectory() ? idOfName(entry.name) : null;
    if (id === null) strangers.push(entry.name);
    else ids.push(id);
  }
  named({ ids: Float64Array.from(ids), strangers: strangers.length });
  const bits = (id: number) =>
    parts.reduce((sum, part, bit) => (has(`${folder}/${id}/${part}`) ? sum | (1 << bit) : sum), 0);
  return { ids: Float64Array.from(ids), parts: Uint8Array.from(ids, bits), strangers };
}
