import { lstatSync, readdirSync } from 'node:fs';
import { idOfName } from './id-of-name.ts';

/** What is asked of a scan. */
export interface ScanJob {
  readonly root: string;
  /** directories to look for in each numbered one, eight at most */
  readonly parts: readonly string[];
  /** A part counts only with this inode number: that of a subvolume's root, on btrfs. */
  readonly inode?: number;
}

/** The names below `ROOT/snapshots`, without an object an entry: they cross threads. */
export interface Names {
  readonly ids: Float64Array<ArrayBuffer>;
  /** names of all that is no directory named by a plain decimal number */
  readonly strangers: readonly string[];
}

/** Of each id the parts that it has, one bit each, the first part lowest. */
export type Parts = Uint8Array<ArrayBuffer>;

/** What is there by name. Throws errors of the file system. */
export function readNames({ root }: ScanJob): Names {
  const ids: number[] = [];
  const strangers: string[] = [];
  for (const entry of readdirSync(`${root}/snapshots`, { withFileTypes: true })) {
    const id = entry.isDirectory() ? idOfName(entry.name) : null;
    if (id === null) strangers.push(entry.name);
    else ids.push(id);
  }
  return { ids: Float64Array.from(ids), strangers };
}

/** Looks into every numbered directory, in one go. Throws errors of the file system. */
export function lookInto({ root, parts, inode }: ScanJob, ids: Float64Array): Parts {
  const has = (path: string) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isDirectory() === true && (inode === undefined || stats.ino === inode);
  };
  const bits = (id: number) =>
    parts.reduce((sum, part, bit) => (has(`${root}/snapshots/${id}/${part}`) ? sum | (1 << bit) : sum), 0);
  return Uint8Array.from(ids, bits);
}
