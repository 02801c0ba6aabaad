import { fstatSync, statfsSync } from 'node:fs';
import type { Ballast } from '../../../../ports/disk-space.ts';
import { faultCode, isFull } from '../../../../ports/fault.ts';

/** Reserves disk blocks for a range of an open file without changing its size. Throws Fault (`no-space`, `unsupported`). */
export type Preallocate = (fd: number, offset: number, bytes: number) => void;

/** As `preallocate`, but on a file system without support it warns once and then does nothing. */
export function preallocateIfSupported(preallocate: Preallocate, warn: (message: string) => void): Preallocate {
  let supported = true;
  return (fd, offset, bytes) => {
    if (!supported) return;
    try {
      preallocate(fd, offset, bytes);
    } catch (error) {
      if (faultCode(error) !== 'unsupported') throw error;
      supported = false;
      warn(`no space can be reserved in the log for removals on a full disk: ${(error as Error).message}`);
    }
  };
}

export interface PreallocationOptions {
  readonly preallocate: Preallocate;
  /** bytes of each preallocation */
  readonly stepBytes: number;
  /** bytes of these blocks that only `reserve` appends may use */
  readonly reserveBytes: number;
}

/** The preallocated disk blocks of one segment. */
export interface Preallocation {
  /** Makes sure that the file can grow to `size`, and by the reserve unless `reserve` is set. Throws `no-space`. */
  demand(size: number, reserve: boolean): void;
  /** Detects existing blocks beyond `size`, and preallocates up to the reserve as far as the disk has space. Never throws. */
  restore(size: number): void;
}

const minStepBytes = 4096;
/** Source: stat(2) */
const blockBytes = 512;

export function createPreallocation(
  fd: number,
  { preallocate, stepBytes, reserveBytes }: PreallocationOptions,
): Preallocation {
  let allocated = 0;
  let full = false;

  /** Reserves blocks up to `size`, in whole steps. */
  const extend = (size: number) => {
    const bytes = Math.ceil((size - allocated) / stepBytes) * stepBytes;
    full = true;
    preallocate(fd, allocated, bytes);
    full = false;
    allocated += bytes;
  };
  const fits = (bytes: number) => {
    try {
      preallocate(fd, allocated, bytes);
      return true;
    } catch {
      return false;
    }
  };
  return {
    demand: (size, reserve) => {
      const wanted = size + reserveBytes;
      if (wanted <= allocated) return;
      if (!reserve) return extend(wanted);
      // The reserve is for a full disk: until then it is kept at its full size.
      if (full && size <= allocated) return;
      try {
        extend(wanted);
      } catch (error) {
        if (size > allocated) throw error;
      }
    },
    restore: (size) => {
      allocated = size;
      try {
        return extend(size + reserveBytes);
      } catch {
        // Existing blocks begin at the file's start and have no gap. Further ones are preallocated in steps that are halved.
        allocated = Math.max(size, fstatSync(fd).blocks * blockBytes);
      }
      for (let step = reserveBytes; step >= minStepBytes; step = Math.floor(step / 2))
        if (fits(step)) allocated += step;
    },
  };
}

const plentyBytes = 64 * 1024 * 1024;

/** Whether the disk has so much space that reserved blocks can be given up for a moment. Throws the system's error. */
export function hasPlenty(path: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= plentyBytes;
}

/** Runs `write`, and again after releasing the ballast if there was no space. */
export async function withBallast<T>(ballast: Ballast | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error) || ballast === undefined || !(await ballast.release())) throw error;
    return await write();
  }
}
