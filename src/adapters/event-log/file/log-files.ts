import { existsSync, readdirSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { isErrno } from '../../../ports/errno.ts';
import type { LogFigures } from '../../../ports/store-files.ts';
import { archivePath } from './archive/archive-file.ts';
import { loadLog } from './read/load-segments.ts';
import { endOfData, withSegment } from './read/segment-file.ts';

/** A file of a log, as far as it is final. */
interface LogFile {
  /** relative to the log's directory */
  readonly name: string;
  readonly bytes: number;
}

/** All files of a log with the final bytes of each, and the position that they lead to. */
interface LogFiles {
  readonly position: number;
  readonly files: readonly LogFile[];
}

/** Files left by repairs, torn tails and moves of archives are part of the log. */
const kept = /^(torn-.*\.bin|damaged-.*|[0-9]{20}\.base|moved\.json)$/;

/** The files of a log, which a daemon may continue to write. Rejects with a Fault, as `readLogDirectory` does. */
export async function logFiles(directory: string): Promise<LogFiles> {
  const { segments, last } = await loadLog(directory);
  const complete = segments
    .slice(0, -1)
    .map(({ path }) => wholeFile(directory, existsSync(path) ? path : archivePath(path)));
  const others = readdirSync(directory)
    .filter((name) => kept.test(name))
    .flatMap((name) => filesAt(join(directory, name)))
    .map((path) => wholeFile(directory, path));
  return {
    position: last.end.position,
    files: [...complete, { name: basename(last.path), bytes: last.end.offset }, ...others],
  };
}

const wholeFile = (directory: string, path: string): LogFile => ({
  name: relative(directory, path),
  bytes: statSync(path).size,
});

const filesAt = (path: string): readonly string[] =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesAt(join(path, name))) : [path];

const segmentFile = /^[0-9]{20}\.log(\.gz)?$/;

/** The count and size of a log's segments. */
export async function measureLog(directory: string): Promise<LogFigures> {
  const names = (await readdir(directory)).filter((name) => segmentFile.test(name));
  const figures = { segments: names.length, archived: 0, bytes: 0, archivedBytes: 0 };
  for (const name of names) {
    const bytes = await sizeOf(join(directory, name));
    figures.bytes += bytes;
    if (!name.endsWith('.gz')) continue;
    figures.archived += 1;
    figures.archivedBytes += bytes;
  }
  return figures;
}

/** Without what is prepared for further events. A segment that was archived meanwhile counts with its archive, the next time. */
async function sizeOf(path: string): Promise<number> {
  try {
    return path.endsWith('.gz') ? (await stat(path)).size : await withSegment(path, endOfData);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
