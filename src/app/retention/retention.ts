import { EMPTY, exhaustMap, from, interval, Subject, startWith, switchMap } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import { elapsedAt } from '../../../projections/store-info.ts';
import type { MeasureDiskSpace } from '../../ports/disk-space.ts';
import { errorText } from '../../ports/fault.ts';
import type { Uptime } from '../../ports/system.ts';
import { reconcilerActor } from '../actors.ts';
import type { BackgroundContext } from '../background/pipeline.ts';
import type { Purger } from '../background/purger.ts';
import { missingSpace, type RetentionPolicy } from './policy.ts';
import { createRetainedQueue, type Queued, type RetainedQueue, type Take } from './retained-queue.ts';

/** Evicts retained layers by age, count, size and free disk space: oldest first, never a parent before its child. */
export interface Retention {
  /**
   * After something failed for lack of space: waits for purges of earlier removals, then evicts retained layers, more of them with each
   * attempt (from 0 on), and resolves when they are off the disk. False if no space can have become free. Never rejects.
   */
  freeSpace(attempt: number): Promise<boolean>;
  /** The evictions to record together with the removal of one more retained layer, so that there are never more than `maxSnapshots`. */
  displaced(): readonly Event[];
  /** Resolves when no eviction is under way. */
  close(): Promise<void>;
}

interface Context extends Pick<BackgroundContext, 'journal' | 'pipelines' | 'driver' | 'logger' | 'failpoint'> {
  readonly measureRoom: MeasureDiskSpace;
  readonly purger: Purger;
  readonly uptime: Uptime;
  /** null: no layer is retained any more, and those that were are evicted */
  readonly policy: RetentionPolicy | null;
}

/** milliseconds between two checks of ages, sizes and the disk, while anything is retained */
const checkEvery = 1000;
/** bytes that the first two attempts evict at least, as the first one may only wait; each further one four times as many */
const initialReclaimBytes = 16 << 20;

export function createRetention(context: Context): Retention {
  const { journal, pipelines, purger, logger } = context;
  const queue = createRetainedQueue(journal.durable);
  const busy = new Subject<boolean>();
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: two at the same time would both evict layers for the same lack. */
  const inOrder = (evict: () => Promise<boolean>, failed: string) => {
    const done = last.then(evict).catch((error) => {
      if (!purger.closing) logger.error({ error: errorText(error) }, failed);
      return false;
    });
    last = done;
    return done;
  };
  const check = () => inOrder(() => evictDue(context, queue), 'eviction failed: will be retried');
  const checks = () =>
    interval(checkEvery).pipe(
      startWith(0),
      exhaustMap(() => from(check())),
    );
  const checking = busy
    .pipe(
      startWith(queue.size > 0),
      switchMap((on) => (on ? checks() : EMPTY)),
    )
    .subscribe();
  const pipeline = pipelines.start({
    name: 'retention',
    handle: (envelopes) => {
      const { size } = queue;
      for (const envelope of envelopes) queue.follow(envelope, journal.durable);
      if ((size === 0) !== (queue.size === 0)) busy.next(queue.size > 0);
    },
  });
  return {
    displaced: () => displaced(context, queue),
    freeSpace: (attempt) => inOrder(() => evictForSpace(context, queue, attempt), 'no disk space could be freed'),
    close: async () => {
      checking.unsubscribe();
      pipeline.close();
      await last;
    },
  };
}

async function evictDue(context: Context, queue: RetainedQueue): Promise<boolean> {
  const { journal, uptime, measureRoom, policy } = context;
  // While nothing can be recorded nothing can be evicted, and the root may be another one.
  if (!journal.health.serving) return false;
  const evictOldest = (take: Take, why: string) => evict(context, queue.oldest(take), why);
  if (policy === null) return evictOldest(() => true, 'retention is off');
  const { keep, maxSnapshots, maxBytes, minFree } = policy;
  const before = elapsedAt(journal.durable.storeInfo, uptime()) - keep;
  await evictOldest(({ elapsed }) => elapsed <= before, `it was kept for ${keep / 1000} s`);
  const tooMany = queue.size - maxSnapshots;
  await evictOldest((_next, { count }) => count < tooMany, tooManyRetained(maxSnapshots));
  const excess = queue.bytes - maxBytes;
  await evictOldest((_next, { bytes }) => bytes < excess, `more than ${maxBytes} bytes were retained`);
  if (queue.size === 0) return false;
  const missing = missingSpace(await measureRoom(), minFree);
  return evictOldest((_next, { bytes }) => bytes < missing, 'the disk had less space than min_free');
}

const tooManyRetained = (max: number) => `more than ${max} layers were retained`;

/** Counts events under way: their layers are in the newest state, and those that they displace are not. */
function displaced({ journal, policy }: Context, queue: RetainedQueue): readonly Event[] {
  if (policy === null) return [];
  const { latest } = journal;
  const tooMany = latest.volumes.retained.size + 1 - policy.maxSnapshots;
  return evictions(latest, queue.oldestIn(latest, tooMany), tooManyRetained(policy.maxSnapshots));
}

/** milliseconds: a purge so shortly before may have come too late for what failed */
const justBefore = 1_000;
/** The same if the file system frees deleted space in the background: the kernel does so every 30 seconds. */
const backgroundBefore = 35_000;

/** The first attempt waits for the purges of earlier removals, and evicts only if those can't have helped. */
async function evictForSpace(context: Context, queue: RetainedQueue, attempt: number): Promise<boolean> {
  if (attempt === 0 && (await purgesMayHaveHelped(context))) return true;
  const least = initialReclaimBytes * 4 ** Math.max(0, attempt - 1);
  const oldest = queue.oldest((_next, { bytes }) => bytes < least);
  return evict(context, oldest, 'the disk was full');
}

/** Waits until the volumes of removed snapshots are purged. Undoing the failed operation has freed something too, which does not count. */
async function purgesMayHaveHelped({ purger, driver }: Context): Promise<boolean> {
  const now = performance.now();
  await purger.drained();
  const reclaimed = await driver.reclaimSpace();
  return purger.lastPurge > now - (reclaimed ? backgroundBefore : justBefore);
}

/** Events in one append: they must fit the space that the log reserves for removals. */
const maxEvents = 256;

/**
 * Records that retention of these layers has ended, in their order, and resolves when their volumes are purged and the space
 * is free, with whether there was anything to evict: some may have been restored meanwhile. Evicts nothing while the store
 * stops, since nothing would be purged.
 */
async function evict(context: Context, queued: readonly Queued[], why: string): Promise<boolean> {
  const { journal, purger, driver, failpoint } = context;
  let evicted = false;
  for (let start = 0; start < queued.length; start += maxEvents) {
    const events = evictions(journal.latest, queued.slice(start, start + maxEvents), why);
    if (events.length === 0) continue;
    if (purger.closing) return evicted;
    failpoint('retention.end');
    await journal.record(events, { actor: reconcilerActor, reserve: true });
    await Promise.all(events.map(({ data }) => purger.purged(data.id)));
    evicted = true;
    await driver.reclaimSpace();
  }
  return evicted;
}

/** The events that end retention of these layers, as far as a state retains them. */
function evictions({ volumes }: State, queued: readonly Queued[], why: string): readonly EventOf<'RetentionEnded'>[] {
  return queued.flatMap(({ id }) => {
    const retained = volumes.retained.get(id);
    return retained === undefined ? [] : [{ type: 'RetentionEnded', data: { id, key: retained.snapshot.key, why } }];
  });
}
