import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { LogOpening } from '../../../../ports/event-log.ts';
import { isFull } from '../../../../ports/fault.ts';
import { syncDirectory } from '../../../system/files.ts';
import type { Segment } from '../format/segment.ts';
import type { Tail } from '../read/load-segments.ts';

/** Cuts a torn tail off its segment, after the cut bytes are on stable storage in a file beside it. */
export async function cutTornTail(
  { path, end }: Pick<Segment, 'path' | 'end'>,
  { offset, bytes }: Tail,
): Promise<NonNullable<LogOpening['torn']>> {
  const directory = dirname(path);
  const kept = freeName(directory, `torn-${end.position + 1}-${offset}`);
  const fd = openSync(path, 'r+');
  try {
    keep(fd, kept, offset, bytes);
    await syncDirectory(directory);
    ftruncateSync(fd, offset);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  return { bytes, kept };
}

/** On a full disk the segment's own room beyond its end makes place for the copy: it is taken again afterwards. */
function keep(fd: number, kept: string, offset: number, bytes: number): void {
  try {
    copyTail(fd, kept, offset, bytes);
  } catch (error) {
    if (!isFull(error)) throw error;
    ftruncateSync(fd, offset + bytes);
    copyTail(fd, kept, offset, bytes);
  }
}

function copyTail(from: number, kept: string, offset: number, bytes: number): void {
  const to = openSync(kept, 'w', 0o600);
  try {
    const tail = Buffer.alloc(bytes);
    readSync(from, tail, 0, bytes, offset);
    for (let done = 0; done < bytes; ) done += writeSync(to, tail, done);
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
    const path = join(directory, n === 1 ? `${name}.bin` : `${basename(name)}.${n}.bin`);
    if (!existsSync(path)) return path;
  }
}
