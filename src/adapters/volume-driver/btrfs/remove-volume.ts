import { readdirSync, rmdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isErrno } from '../../../ports/errno.ts';
import { isDirectory } from '../shared/exact-directory.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { isSubvolume } from './is-subvolume.ts';

interface Tools {
  readonly calls: Pick<BtrfsCalls, 'remove'>;
  /** deletes a directory tree off the main thread and tells the bytes freed */
  readonly removeTree: (path: string) => Promise<number>;
}

/**
 * Deletes what stands at a path, the subvolumes in it first, and resolves with the bytes freed of what is no subvolume:
 * the kernel frees a subvolume's room later, in the background, and only then is known how much it was.
 */
export async function removeVolume({ calls, removeTree }: Tools, path: string): Promise<number> {
  if (isSubvolume(path)) {
    await calls.remove(dirname(path), basename(path));
    return 0;
  }
  if (!isDirectory(path)) return removeTree(path);
  for (const name of readdirSync(path)) if (isSubvolume(`${path}/${name}`)) await calls.remove(path, name);
  try {
    rmdirSync(path);
    return 0;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY')) return removeTree(path);
    throw error;
  }
}
