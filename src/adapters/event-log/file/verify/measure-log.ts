import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFigures } from '../../../../ports/store-files.ts';

const segment = /^[0-9]{20}\.log(\.gz)?$/;

/** How many segments a log has and how many bytes they take. */
export async function measureLog(directory: string): Promise<LogFigures> {
  const names = (await readdir(directory)).filter((name) => segment.test(name));
  const files = await Promise.all(
    names.map(async (name) => ({ archive: name.endsWith('.gz'), bytes: await sizeOf(join(directory, name)) })),
  );
  const archives = files.filter(({ archive }) => archive);
  return {
    segments: names.length,
    archived: archives.length,
    bytes: sum(files),
    archivedBytes: sum(archives),
  };
}

const sum = (files: readonly { readonly bytes: number }[]) => files.reduce((total, { bytes }) => total + bytes, 0);

/** A segment that was archived meanwhile counts with its archive, the next time. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
