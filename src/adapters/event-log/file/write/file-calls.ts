import { fdatasync, fsync, write, writeSync } from 'node:fs';

/** So much is copied into the kernel's cache sooner than a thread is woken to do it. */
const smallWrite = 64 * 1024;

/** Writes all bytes at a place of a file. Resolves when the kernel has them, which is not yet the disk. */
export async function writeAt(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let start = 0; start < bytes.length; ) {
    const rest = bytes.length - start;
    start +=
      rest <= smallWrite
        ? writeSync(fd, bytes, start, rest, position + start)
        : await written(fd, bytes, start, position + start);
  }
}

function written(fd: number, bytes: Buffer, start: number, position: number): Promise<number> {
  return new Promise((resolve, reject) =>
    write(fd, bytes, start, bytes.length - start, position, (error, count) =>
      error === null ? resolve(count) : reject(error),
    ),
  );
}

/** Resolves when a file's bytes, and the size needed to read them, are on stable storage. */
export function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fdatasync(fd, (error) => (error === null ? resolve() : reject(error))));
}

/** Resolves when a file is on stable storage with all that the file system knows about it. */
export function syncFile(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error === null ? resolve() : reject(error))));
}
