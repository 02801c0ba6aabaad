import type { Failpoint } from '../ports/failpoints.ts';
import { Fault } from '../ports/fault.ts';
import type { Logger } from '../ports/logger.ts';
import { timedOut, withTimeout } from '../ports/promises.ts';
import type { Uptime } from '../ports/system.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import type { Checkpointer } from './background/checkpointer.ts';
import type { Writeback } from './background/writeback.ts';
import { recordClosing } from './recovery/recover.ts';
import type { Journal } from './store/journal.ts';
import type { KeyLocks } from './store/key-locks.ts';

/** Milliseconds for each part of an end. */
export interface ClosingLimits {
  /** until the background work has ended, and every committed layer is on stable storage */
  readonly work: number;
  /** until no change is under way any more, and the end is recorded */
  readonly record: number;
  /** for the last checkpoint */
  readonly checkpoint: number;
}

/** With what else a stop may take (`stopTime` in daemon.ts) less than the unit file's TimeoutStopSec. */
export const closingLimits: ClosingLimits = { work: 4_000, record: 2_000, checkpoint: 3_000 };

interface Context {
  readonly journal: Journal;
  readonly driver: Pick<VolumeDriver, 'syncMetadata'>;
  readonly locks: Pick<KeyLocks, 'exclusive'>;
  readonly writeback: Writeback;
  readonly checkpointer: Checkpointer;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
  readonly limits: ClosingLimits;
  readonly uptime: Uptime;
}

/**
 * Ends a session in order: all background work has ended, every committed layer is on stable storage, and no change is under way
 * when the end is recorded. If that takes too long, nothing is recorded, and the next start recovers as after a crash.
 * Resolves with whether nothing is under way any more. Never rejects: failures are logged.
 */
export async function closeInOrder(context: Context, ended: Promise<unknown>, reason: string): Promise<boolean> {
  const { checkpointer, logger, limits } = context;
  let inTimeSoFar = true;
  const inTime = async <T>(what: string, milliseconds: number, work: Promise<T>): Promise<T> => {
    const done = await withTimeout(milliseconds, work);
    if (done !== timedOut) return done;
    inTimeSoFar = false;
    throw tooLate(what, milliseconds);
  };
  // 1. No periodic checkpoint begins any more.
  checkpointer.close();
  try {
    // 2. Background work ends, and then committed layers are flushed.
    const flushed = await inTime('background work', limits.work, flushAfter(ended, context));
    if (!flushed) throw new Fault('io', 'layers are not flushed', { hint: 'check the disk' });
    // 3. The closing is recorded while no change is under way.
    await inTime(
      'a change or the log',
      limits.record,
      recordEnd(context, reason, () => inTimeSoFar),
    );
  } catch (error) {
    logger.error({ err: error }, 'closing not recorded: the next start will recover as after a crash');
    return inTimeSoFar;
  }
  // 4. The last checkpoint.
  if ((await withTimeout(limits.checkpoint, checkpointer.save())) !== timedOut) return true;
  logger.warn({ milliseconds: limits.checkpoint }, 'checkpoint not written in time: a restart will take longer');
  return false;
}

async function flushAfter(ended: Promise<unknown>, { writeback, driver }: Context): Promise<boolean> {
  await ended;
  const flushed = await writeback.close();
  // What is left to flush when no change may begin any more is then little.
  await driver.syncMetadata();
  return flushed;
}

/** `awaited` is asked when no change is under way any more: false if the closing took too long for that. */
const recordEnd = (
  { journal, driver, locks, failpoint, uptime }: Context,
  reason: string,
  awaited: () => boolean,
): Promise<void> =>
  locks.exclusive(async () => {
    if (!awaited()) return;
    // After an orderly shutdown a missing volume counts as lost: a power cut must not undo a prepare then.
    await driver.syncMetadata();
    if (!awaited()) return;
    failpoint('store.close');
    await recordClosing(journal, reason, uptime);
  });

const tooLate = (what: string, milliseconds: number) =>
  new Fault('busy', `closing timed out: ${what} took longer than ${milliseconds} ms`, {
    hint: 'nothing is lost; if this happens at each stop, check the disk, or the cluster that stores the log',
  });
