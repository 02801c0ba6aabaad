import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LogOpening } from '../../../../ports/event-log.ts';
import { isFull } from '../../../../ports/fault.ts';
import { syncDirectory } from '../../../system/files.ts';
import type { Segment } from '../format/segment.ts';
import type { Tail } from '../read/load-segments.ts';
import { writeAll } from '../repair/repaired-segments.ts';

/** Truncates a torn tail once its bytes are on stable storage in a file beside the segment. */
export async function truncateTornTail(
  { path, end }: Pick<Segment, 'path' | 'end'>,
  { offset, bytes }: Tail,
): Promise<NonNullable<LogOpening['torn']>> {
  const directory = dirname(path);
  const kept = freeName(directory, `torn-${end.position + 1}-${offset}`);
  const fd = openSync(path, 'r+');
  try {
    try {
      copyTail(fd, kept, offset, bytes);
    } catch (error) {
      if (!isFull(error)) throw error;
      // The segment's own blocks beyond its end make space for the copy: they are reserved again afterwards. The file keeps its
      // size, without which a next start would take the tail for acknowledged bytes that were cut.
      const { size } = fstatSync(fd);
      ftruncateSync(fd, offset + bytes);
      ftruncateSync(fd, size);
      copyTail(fd, kept, offset, bytes);
    }
    await syncDirectory(directory);
    ftruncateSync(fd, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return { bytes, kept };
}

function copyTail(from: number, kept: string, offset: number, bytes: number): void {
  const to = openSync(kept, 'w', 0o600);
  try {
    const tail = Buffer.alloc(bytes);
    readSync(from, tail, 0, bytes, offset);
    writeAll(to, tail);
    fsyncSync(to);
  } catch (error) {
    unlinkSync(kept);
    throw error;
  } finally {
    closeSync(to);
  }
}

function freeName(directory: string, name: string): string {
  for (let n = 1; ; n++) {
    const path = join(directory, n === 1 ? `${name}.bin` : `${name}.${n}.bin`);
    if (!existsSync(path)) return path;
  }
}
