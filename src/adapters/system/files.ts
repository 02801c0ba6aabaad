import { mkdirSync, statSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file (0600) by what `write` writes into the empty one that it is given. Resolves when that is on stable storage:
 * a crash leaves the complete old file or the complete new one, and possibly an unfinished one under the name with `.new`
 * appended. Rejects with the system's error, or the writer's.
 */
export async function replaceFile(path: string, write: (handle: FileHandle) => void | Promise<void>): Promise<void> {
  const unfinished = `${path}.new`;
  const handle = await open(unfinished, 'w', 0o600);
  try {
    await write(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(unfinished, path);
  await syncDirectory(dirname(path));
}

/** Resolves when the names in a directory are on stable storage. Rejects with the system's error. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a directory and those missing above it. Throws the error of the one that can't be created. Node's recursive way
 * throws ENOENT if a quota is used up or the file system is read-only.
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
    // Creating it shows what is wrong. Node 20 throws if a file is in the way, Node 24 returns no entry.
    return false;
  }
}

/** The program of a worker thread, `NAME.ts` beside the module that starts it, or `NAME.js` if compiled. */
export const workerProgram = (module: string, name: string): URL =>
  new URL(`./${name}.${module.endsWith('.ts') ? 'ts' : 'js'}`, module);
