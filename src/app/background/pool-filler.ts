import { setTimeout as sleep, setImmediate as yieldToLoop } from 'node:timers/promises';
import type { DiskSpace, MeasureDiskSpace } from '../../ports/disk-space.ts';
import { errorText, faultCode, isTransient } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { VolumePool } from '../../ports/volume-driver.ts';
import { answersSent } from '../answers.ts';

/** Fills the driver's pool of volumes while no client waits for a change. */
export interface PoolFiller {
  /** To be called when no change is under way any more. */
  idle(): void;
  /** Empties the pool after something failed for lack of space. Resolves with whether that freed anything. Never rejects. */
  drain(): Promise<boolean>;
  /** Adds nothing from the call on. Resolves when nothing is under way. */
  close(): Promise<void>;
}

interface Context {
  /** undefined: the driver has none */
  readonly pool: VolumePool | undefined;
  /** whether a change is under way */
  readonly busy: () => boolean;
  readonly measureRoom: MeasureDiskSpace;
  readonly logger: Logger;
}

/** The free space below which nothing is added: the pool is never what fills a disk. */
const minFree = { bytes: 64 << 20, inodes: 1_000 };
/** in milliseconds */
const pauses = {
  /** between two measurements of the free space */
  space: 1_000,
  /** after a lack of space, which a quota does not show in the free space, and other lacks that pass */
  full: 5_000,
  /** after another failure */
  failed: 60_000,
};
/** A part that takes longer than so many milliseconds is followed by a pause: at most a twentieth of the time is spent on a slow disk. */
const slow = 2;

export function createPoolFiller({ pool, busy, measureRoom, logger }: Context): PoolFiller {
  const closing = new AbortController();
  const { signal } = closing;
  let nextAt = 0;
  let measuredAt = Number.NEGATIVE_INFINITY;
  let filling: Promise<void> | undefined;
  const pause = (milliseconds: number) => {
    nextAt = performance.now() + milliseconds;
  };
  const addPart = async (to: VolumePool) => {
    const began = performance.now();
    await to.fill();
    const took = performance.now() - began;
    await (took > slow ? sleep(20 * took, undefined, { signal, ref: false }) : yieldToLoop());
  };
  const hasSpace = async () => {
    const now = performance.now();
    if (now - measuredAt < pauses.space) return true;
    if (!isRoomy(await measureRoom())) return false;
    measuredAt = now;
    return true;
  };
  const fill = async (to: VolumePool) => {
    await answersSent();
    try {
      if (!(await hasSpace())) {
        await to.drain();
        return pause(pauses.full);
      }
      while (!signal.aborted && !busy() && !to.isFull() && performance.now() >= nextAt) await addPart(to);
    } catch (error) {
      if (signal.aborted) return;
      pause(isTransient(error) ? pauses.full : pauses.failed);
      // What is expected is reported by the changes that it refuses.
      if (!isTransient(error) && faultCode(error) !== 'stale')
        logger.warn({ error: errorText(error) }, 'no volumes are made ahead for a while');
    }
  };
  return {
    idle: () => {
      if (pool === undefined || signal.aborted || filling !== undefined || pool.isFull() || performance.now() < nextAt)
        return;
      filling = fill(pool).finally(() => {
        filling = undefined;
      });
    },
    drain: async () => {
      pause(pauses.full);
      return (await pool?.drain().catch(() => false)) ?? false;
    },
    close: async () => {
      closing.abort();
      await filling;
    },
  };
}

const isRoomy = ({ bytes, inodes, totalInodes }: DiskSpace) =>
  bytes >= minFree.bytes && (totalInodes === 0 || inodes >= minFree.inodes);
