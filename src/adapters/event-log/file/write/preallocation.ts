import { fstatSync } from 'node:fs';
import type { Preallocate } from './preallocate.ts';

export interface RoomOptions {
  readonly preallocate: Preallocate;
  /** bytes by which the room ahead of the writing is extended */
  readonly roomBytes: number;
  /** bytes of that room that only appends with `reserve` may use */
  readonly reserveBytes: number;
}

/** The blocks of one segment that are there before anything is written into them. */
export interface Room {
  /** Makes sure that the file can grow to `size`, and unless the append may use the reserve by the reserve more. Throws `no-space`. */
  demand(size: number, reserve: boolean): void;
  /** Finds out anew what is there beyond `size`, taking what the disk has left up to the reserve. Never throws. */
  restore(size: number): void;
}

const finest = 4096;
/** Source: stat(2) */
const blockBytes = 512;

export function createRoom(fd: number, { preallocate, roomBytes, reserveBytes }: RoomOptions): Room {
  let reserved = 0;
  let full = false;

  /** Takes blocks from what is there up to `size`, in whole steps. */
  const extend = (size: number) => {
    const bytes = Math.ceil((size - reserved) / roomBytes) * roomBytes;
    full = true;
    preallocate(fd, reserved, bytes);
    full = false;
    reserved += bytes;
  };
  const fits = (offset: number, bytes: number) => {
    try {
      preallocate(fd, offset, bytes);
      return true;
    } catch {
      return false;
    }
  };
  return {
    demand: (size, reserve) => {
      const wanted = size + reserveBytes;
      if (wanted <= reserved) return;
      if (!reserve) return extend(wanted);
      // The reserve is there for the moment when the disk is full: it is filled up as long as that is possible.
      if (full && size <= reserved) return;
      try {
        extend(wanted);
      } catch (error) {
        if (size > reserved) throw error;
      }
    },
    restore: (size) => {
      reserved = size;
      try {
        return extend(size + reserveBytes);
      } catch {
        // What is there already lies without a gap from the file's beginning. More of it is found by halving.
        reserved = Math.max(size, fstatSync(fd).blocks * blockBytes);
      }
      for (let step = reserveBytes; step >= finest; step = Math.floor(step / 2))
        if (fits(reserved, step)) reserved += step;
    },
  };
}
