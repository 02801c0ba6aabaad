import * as fs from 'node:fs';
import { fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';

const ownerOnly = 0o600;

/** Opens a segment's file, for its owner only. Throws a Fault. */
export function openFile(path: string, flags: 'r' | 'w+' | 'r+' | number): number {
  try {
    return openSync(path, flags, ownerOnly);
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

/** Up to this size a synchronous write is faster than waking a thread. */
const maxSyncWrite = 64 * 1024;

/** Writes all bytes at an offset of a file. Resolves when the kernel has them, which is not yet the disk. */
export async function writeAt(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let start = 0; start < bytes.length; ) {
    const rest = bytes.length - start;
    if (rest <= maxSyncWrite) start += writeSync(fd, bytes, start, rest, position + start);
    else start += (await write(fd, bytes, start, rest, position + start)).bytesWritten;
  }
}

/** Whether a file's bytes are all zeros in a range, which may be empty. Throws the system's error. */
export function hasOnlyZeros(fd: number, from: number, to: number): boolean {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  readSync(fd, bytes, 0, bytes.length, from);
  return bytes.every((byte) => byte === 0);
}

/** Writes bytes on a thread; resolves with how many were written. */
export const write = promisify(fs.write);
/** Resolves when a file's bytes, and the size needed to read them, are on stable storage. */
export const syncData = promisify(fs.fdatasync);
/** The same on the calling thread. */
export const syncDataInPlace = fdatasyncSync;
/** The same with all that the file system knows about the file. */
export const syncFile = promisify(fs.fsync);

export const flushed = (flush: Promise<void>, what: string) =>
  flush.catch((error) => {
    throw ioFault(error, what);
  });

/** The fault for a failed flush, whatever the system's reason: the disk's content is unknown from then on. */
export function ioFault(error: unknown, what: string): Fault {
  return new Fault('io', `${what}: ${errorText(error)}`, {
    hint: 'check the kernel log (dmesg) and the disk, then restart the daemon',
    cause: error,
  });
}
