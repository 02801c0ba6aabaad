import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './sync-directory.ts';

/**
 * Replaces a file (0600) by what is written into the empty one that is handed over. Resolves when it is on stable storage: a
 * crash leaves the one before or the new one, whole, and perhaps an unfinished one with `.new` behind its name. Rejects with
 * the system's error, or the writer's.
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
