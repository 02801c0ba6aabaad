import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { Fault } from '../../../ports/fault.ts';
import { archivePath } from './archive/archive-file.ts';
import { loadSegments } from './read/load-segments.ts';

/** A file of a log, as far as it is final. */
export interface LogFile {
  /** relative to the log's directory */
  readonly name: string;
  readonly bytes: number;
}

/** All files of a log with what is final of each, and the position that they lead to. */
export interface LogFiles {
  readonly position: number;
  readonly files: readonly LogFile[];
}

/** What repairs, torn tails and moves of archives have left stays with the log. */
const kept = /^(torn-.*\.bin|damaged-.*|[0-9]{20}\.base|moved\.json)$/;

/** The files of a log, which a daemon may go on writing meanwhile. Rejects with a Fault, as `readLogDirectory` does. */
export async function logFiles(directory: string): Promise<LogFiles> {
  const loaded = await loadSegments(directory);
  if (loaded === undefined)
    throw new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store, with --root' });
  const { segments, last } = loaded;
  const sealed = segments
    .slice(0, -1)
    .map(({ path }) => wholeFile(directory, existsSync(path) ? path : archivePath(path)));
  const beside = readdirSync(directory)
    .filter((name) => kept.test(name))
    .flatMap((name) => filesAt(join(directory, name)))
    .map((path) => wholeFile(directory, path));
  return {
    position: last.end.position,
    files: [...sealed, { name: basename(last.path), bytes: last.end.offset }, ...beside],
  };
}

const wholeFile = (directory: string, path: string): LogFile => ({
  name: relative(directory, path),
  bytes: statSync(path).size,
});

const filesAt = (path: string): readonly string[] =>
  statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesAt(join(path, name))) : [path];
