import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { replaceFile } from '../../../system/files.ts';
import type { Slice } from './repaired-segments.ts';

const chunkBytes = 1024 * 1024;

/** Writes a file of texts and slices of other files under its name, whole or not at all, on stable storage. */
export function writeFileDurably(path: string, parts: readonly (string | Slice)[]): Promise<void> {
  return replaceFile(path, ({ fd }) => {
    for (const part of parts) {
      if (typeof part === 'string') writeAll(fd, Buffer.from(part));
      else copySlice(fd, part);
    }
  });
}

function copySlice(to: number, { file, from, to: end }: Slice): void {
  const fd = openSync(file, 'r');
  try {
    for (let at = from; at < end; ) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, end - at));
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) throw new Error(`${file} ends at byte ${at}, not ${end}`);
      writeAll(to, chunk.subarray(0, read));
      at += read;
    }
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
