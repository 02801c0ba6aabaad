import { EMPTY, exhaustMap, from, interval, Subject, startWith, switchMap } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import { elapsedAt } from '../../../projections/store-info.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MeasureDiskSpace } from '../../ports/space.ts';
import type { Uptime } from '../../ports/system.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Pipelines } from '../background/pipeline.ts';
import type { Purger } from '../background/purger.ts';
import type { Journal } from '../store/journal.ts';
import { missingSpace, type RetentionPolicy } from './policy.ts';
import { createRetainedQueue, type Queued, type RetainedQueue } from './retained-queue.ts';

/** Ends retention by age, by number, by size, and where the disk gets full: oldest first, never a parent before its child. */
export interface Retention {
  /**
   * Something failed for want of space: gives up retained layers, more of them with each attempt (from 0 on), and resolves
   * when they are off the disk. False where there was nothing to give up. Never rejects.
   */
  freeSpace(attempt: number): Promise<boolean>;
  /**
   * To be recorded together with the removal of one more layer that is retained: ends retention of the oldest, so that there
   * are never more than may be.
   */
  displaced(): readonly Event[];
  /** Resolves when nothing is being given up any more. */
  close(): Promise<void>;
}

interface Context extends EndingContext {
  readonly journal: Journal;
  readonly measureRoom: MeasureDiskSpace;
  readonly pipelines: Pipelines;
  readonly purger: Purger;
  readonly logger: Logger;
  readonly uptime: Uptime;
  /** null: nothing is to be retained any more, and what was is given up */
  readonly policy: RetentionPolicy | null;
}

/** milliseconds between two looks at ages, sizes and the disk, as long as anything is retained */
const lookEvery = 1000;
/** bytes that a first attempt gives up at least; each further one four times as many */
const firstGift = 16 << 20;

export function createRetention(context: Context): Retention {
  const { journal, pipelines, purger, logger } = context;
  const queue = createRetainedQueue(journal.durable);
  const changes = new Subject<boolean>();
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other: two who look at the same time would both give something up for the same want. */
  const inTurn = (deed: () => Promise<boolean | undefined>, failed: string) => {
    const done = turn.then(deed).catch((error) => {
      if (!purger.closing) logger.error({ error: errorText(error) }, failed);
      return false;
    });
    turn = done;
    return done;
  };
  const look = () => inTurn(() => endWhatIsDue(context, queue), 'retention not ended: tried again');
  const looks = (busy: boolean) =>
    busy
      ? interval(lookEvery).pipe(
          startWith(0),
          exhaustMap(() => from(look())),
        )
      : EMPTY;
  const looking = changes.pipe(startWith(queue.size > 0), switchMap(looks)).subscribe();
  const pipeline = pipelines.start({
    name: 'retention',
    handle: (envelopes) => {
      const { size } = queue;
      for (const envelope of envelopes) queue.follow(envelope, journal.durable);
      if ((size === 0) !== (queue.size === 0)) changes.next(queue.size > 0);
    },
  });
  return {
    displaced: () => displaced(context, queue),
    freeSpace: async (attempt) =>
      (await inTurn(() => giveUp(context, queue, attempt), 'no room could be made')) === true,
    close: async () => {
      looking.unsubscribe();
      pipeline.close();
      await turn;
    },
  };
}

async function endWhatIsDue(context: Context, queue: RetainedQueue): Promise<undefined> {
  const { journal, uptime, measureRoom, policy } = context;
  // While nothing is recorded nothing can be ended, and the disk may be another.
  if (!journal.health.serving) return;
  const end = (taking: Parameters<RetainedQueue['oldest']>[0], why: string) =>
    endRetention(context, queue.oldest(taking), why);
  if (policy === null) return void (await end(() => true, 'nothing is retained any more'));
  const { keep, maxSnapshots, maxBytes, minFree } = policy;
  const before = elapsedAt(journal.durable.storeInfo, uptime()) - keep;
  await end(({ elapsed }) => elapsed <= before, `it was kept for ${keep / 1000} s`);
  const tooMany = queue.size - maxSnapshots;
  await end((_next, { count }) => count < tooMany, tooManyRetained(maxSnapshots));
  const excess = queue.bytes - maxBytes;
  await end((_next, { bytes }) => bytes < excess, `more than ${maxBytes} bytes were retained`);
  if (queue.size === 0) return;
  const short = missingSpace(await measureRoom(), minFree);
  await end((_next, { bytes }) => bytes < short, 'the disk has less room than is to be kept free');
}

const tooManyRetained = (most: number) => `more than ${most} layers were retained`;

/** Events under way count: their layers are in the newest state, and those that they displace are not. */
function displaced({ journal, policy }: Context, queue: RetainedQueue): readonly Event[] {
  if (policy === null) return [];
  const { latest } = journal;
  const tooMany = latest.volumes.retained.size + 1 - policy.maxSnapshots;
  return endings(latest, queue.oldestIn(latest, tooMany), tooManyRetained(policy.maxSnapshots));
}

/** milliseconds: what has gone so shortly before may have come too late for what failed */
const justNow = 1_000;
/** The same, where the file system frees in the background what was deleted: the kernel looks every 30 seconds. */
const lately = 35_000;

/**
 * Where nothing is retained any more, what was removed before may still give room. That is waited for once, and the failed
 * deed is done again only where a removal can have helped it: its own undoing has freed something too.
 */
async function giveUp(context: Context, queue: RetainedQueue, attempt: number): Promise<boolean> {
  const { purger, driver } = context;
  const given = queue.oldest((_next, { bytes }) => bytes < firstGift * 4 ** attempt);
  if (given.length > 0) return endRetention(context, given, 'something failed for want of space');
  const now = performance.now();
  await purger.drained();
  const reclaimed = await driver.reclaimSpace();
  return attempt === 0 && purger.lastGone > now - (reclaimed ? lately : justNow);
}

interface EndingContext {
  readonly journal: Pick<Journal, 'latest' | 'record'>;
  readonly driver: Pick<VolumeDriver, 'reclaimSpace'>;
  readonly purger: Pick<Purger, 'purged' | 'closing'>;
  readonly failpoint: Failpoint;
}

/** Events in one append: they must fit the room that the log keeps back for what frees space. */
const atOnce = 256;

/**
 * Records that retention of these layers has ended, in their order, and resolves when their volumes were purged and the
 * space is free; ends none where the store stops, since nothing would be purged. Answers whether there was anything to end: some
 * may have been brought back meanwhile.
 */
async function endRetention(context: EndingContext, queued: readonly Queued[], why: string): Promise<boolean> {
  const { journal, purger, driver, failpoint } = context;
  let ended = false;
  for (let from = 0; from < queued.length; from += atOnce) {
    const events = endings(journal.latest, queued.slice(from, from + atOnce), why);
    if (events.length === 0) continue;
    if (purger.closing) return ended;
    failpoint('retention.end');
    await journal.record(events, { actor: reconcilerActor, reserve: true });
    await Promise.all(events.map(({ data }) => purger.purged(data.id)));
    ended = true;
    await driver.reclaimSpace();
  }
  return ended;
}

/** The events that end retention of these layers, as far as a state retains them. */
function endings({ volumes }: State, queued: readonly Queued[], why: string): readonly EventOf<'RetentionEnded'>[] {
  return queued.flatMap(({ id }) => {
    const retained = volumes.retained.get(id);
    return retained === undefined ? [] : [{ type: 'RetentionEnded', data: { id, key: retained.snapshot.key, why } }];
  });
}
