import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogFigures } from '../../../ports/store-files.ts';

const segment = /^[0-9]{20}\.log(\.gz)?$/;

/** How many segments a log has and how many bytes they take. */
export async function measureLog(directory: string): Promise<LogFigures> {
  const names = (await readdir(directory)).filter((name) => segment.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  const archived = names.filter((name) => name.endsWith('.gz')).length;
  return { segments: names.length, archived, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
