import { closeSync, constants } from 'node:fs';
import { openFile, write } from './file-io.ts';

/** The part of a segment's file after its data that is zero, durably: a flush of what is written into it writes no metadata. */
export interface ZeroedRoom {
  /** whether bytes up to `size` can be written into it */
  has(size: number): boolean;
  /** Resolves when they can. Rejects with the system's error if there is no space for all of them. */
  demand(size: number): Promise<void>;
  /** Extends it in the background if little is left after `size`. Never throws. */
  extendAhead(size: number): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  /** The file ends at `size` now. */
  reset(size: number): void;
  /** Settles and closes it: it must not be extended afterwards. */
  close(): Promise<void>;
}

const stepBytes = 256 * 1024;
const zeros = Buffer.alloc(stepBytes);
/** Every write is durable. An own descriptor: an error of a flush is reported once to each. */
const flags = constants.O_WRONLY | constants.O_DSYNC;

/** The zeroed room of a file that has `fileSize` bytes, data and zeros. */
export function createZeroedRoom(path: string, fileSize: number): ZeroedRoom {
  let end = fileSize;
  let fd: number | undefined;
  let extending: Promise<void> = Promise.resolve();
  let underWay = false;

  const extend = async (needed: number) => {
    fd ??= openFile(path, flags);
    const whole = Math.ceil((needed + stepBytes / 2) / stepBytes) * stepBytes;
    // On a full disk a write that is too long may fail as a whole.
    for (const target of [whole, needed])
      try {
        while (end < target) end += (await write(fd, zeros, 0, Math.min(zeros.length, target - end), end)).bytesWritten;
        return;
      } catch (error) {
        if (end >= needed) return;
        if (target === needed) throw error;
      }
  };
  const start = (needed: number) => {
    underWay = true;
    extending = extend(needed).finally(() => {
      underWay = false;
    });
    extending.catch(() => {});
    return extending;
  };
  const settled = () => extending.catch(() => {});
  return {
    has: (needed) => needed <= end,
    demand: async (needed) => {
      if (needed <= end) return;
      await settled();
      if (needed > end) await start(needed);
    },
    extendAhead: (used) => {
      if (end - used < stepBytes / 2 && !underWay) void start(used + stepBytes / 2);
    },
    settled,
    reset: (size) => {
      end = size;
    },
    close: async () => {
      await settled();
      if (fd !== undefined) closeSync(fd);
    },
  };
}
