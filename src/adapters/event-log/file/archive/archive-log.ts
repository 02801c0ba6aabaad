import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { syncDirectory } from '../../../system/files.ts';
import type { Segment } from '../format/segment.ts';
import { sealedSegments } from '../read/load-segments.ts';
import { archivePath, encodeArchive, inflated } from './archive-file.ts';

/** A segment that was compressed. */
export interface Archived {
  /** the segment's name */
  readonly segment: string;
  readonly first: number;
  readonly last: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Compresses the sealed segments that hold no event after a position: each archive is read back and on stable storage before
 * its segment is deleted, so an interruption leaves one of them, whole. A daemon may be running: it never writes to sealed
 * segments. With `dryRun` nothing is done, and `after` is 0.
 */
export async function archiveLog(directory: string, upTo: number, dryRun: boolean): Promise<readonly Archived[]> {
  const archived: Archived[] = [];
  for (const segment of await sealedSegments(directory)) {
    const { path, end, header } = segment;
    if (end.position > upTo || !existsSync(path)) continue;
    const before = (await stat(path)).size;
    const after = dryRun ? 0 : await archive(segment);
    archived.push({ segment: basename(path), first: header.first, last: end.position, before, after });
  }
  if (archived.length > 0 && !dryRun) await syncDirectory(directory);
  return archived;
}

async function archive({ path, end }: Segment): Promise<number> {
  const file = archivePath(path);
  // The daemon archives too: a command that runs beside it must not write into the same file.
  const unfinished = `${file}.${process.pid}.new`;
  try {
    const bytes = await readFile(path);
    const packed = await encodeArchive(bytes, end);
    const handle = await open(unfinished, 'w', 0o600);
    await handle.writeFile(packed).finally(() => handle.sync().finally(() => handle.close()));
    if (!(await inflated(unfinished)).equals(bytes))
      throw new Fault('io', `${file}: was not read back as it was written`, { hint: 'check the disk' });
    await rename(unfinished, file);
    await syncDirectory(dirname(file));
    await rm(path, { force: true });
    return packed.length;
  } catch (error) {
    await rm(unfinished, { force: true });
    if (!existsSync(path) && existsSync(file)) return (await stat(file)).size;
    throw faultOf(error, `archive ${file}`);
  }
}
