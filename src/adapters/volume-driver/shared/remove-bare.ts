import { lstatSync, readdirSync, rmdirSync } from 'node:fs';

/**
 * Removes a directory in which there are at most empty directories, and tells the bytes freed: all that a snapshot leaves that
 * nobody wrote into. Undefined where that is not all of it, or where the disk refuses; some of it may be gone then. The kernel
 * refuses to remove what something is mounted on, so nobody need ask that first. Sync: for a worker thread.
 */
export function removeBare(path: string): number | undefined {
  try {
    const inside = readdirSync(path).map((name) => `${path}/${name}`);
    let freed = 0;
    for (const directory of [...inside, path]) {
      const { blocks } = lstatSync(directory);
      rmdirSync(directory);
      freed += blocks * 512;
    }
    return freed;
  } catch {
    return undefined;
  }
}
