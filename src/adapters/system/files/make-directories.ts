import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and what is missing above it. Throws the error of the one that can't be made, which Node's recursive way does
 * not: it says ENOENT where a quota is used up or the file system is read-only.
 */
export function makeDirectories(path: string, mode = 0o777): void {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) makeDirectories(dirname(path), mode);
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Making it shows what is wrong. Node 20 throws where a file stands in the way, Node 24 says that there is no entry.
    return false;
  }
}
