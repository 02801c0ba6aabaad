import { open } from 'node:fs/promises';

/** Resolves when the names in a directory are on stable storage. Rejects with the system's error. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
