import { fdatasync, fsync, write } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Writes all bytes at a place of a file. Resolves when the kernel has them, which is not yet the disk. */
export function writeAt(fd: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const from = (start: number) =>
      write(fd, bytes, start, bytes.length - start, position + start, (error, written) => {
        if (error !== null) reject(error);
        else if (start + written === bytes.length) resolve();
        else from(start + written);
      });
    from(0);
  });
}

/** Resolves when a file's bytes, and the size needed to read them, are on stable storage. */
export function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))));
}

/** Resolves when a file is on stable storage with all that the file system knows about it. */
export function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}

/** Resolves when the names in a directory are on stable storage. */
export async function syncDirectory(path: string): Promise<void> {
  const handle: FileHandle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
