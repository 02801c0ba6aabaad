import { bufferTime, concatMap, filter, lastValueFrom, mergeMap, Subject } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import { type Deferred, deferred, untilAborted } from '../../ports/promises.ts';
import { reconcilerActor } from '../actors.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';

/** Deletes the volumes of removed and undone snapshots in the background, and records that. */
export interface Purger {
  /** Resolves when every purge that was due at the call has been tried once. Rejects with a Fault (`stopped`) if it was cut short. */
  drained(): Promise<void>;
  /** When a removed volume was last deleted, in milliseconds as of `performance.now`; volumes of undone prepares do not count. */
  readonly lastPurge: number;
  /** Resolves when this id's purge, if one is due, has been tried once. */
  purged(id: number): Promise<void>;
  /** Whether it begins nothing any more: from the call of `close` on. */
  readonly closing: boolean;
  /** Resolves when no purge is under way: one that is cut short, and all that is still due, is done by the next start. */
  close(): Promise<void>;
}

const concurrency = 4;
/** milliseconds of purges that are recorded together */
const recordEvery = 25;
/** the same if the whole file system must be flushed first each time */
const recordUnorderedEvery = 500;

export function createPurger(context: BackgroundContext): Purger {
  const { journal, pipelines, driver, retrier, logger, failpoint } = context;
  const closing = new AbortController();
  const { signal } = closing;
  const due = new Subject<number>();
  const tries = new Map<number, Deferred<void>>();
  const recorder = createRecorder(context);
  const enqueue = (id: number) => {
    if (tries.has(id)) return;
    tries.set(id, deferred());
    due.next(id);
  };
  const purge = async (id: number) => {
    failpoint('remove.purge');
    const bytes = await driver.purge(id);
    failpoint('remove.purged');
    recorder.add({ id, bytes });
  };
  const attempt = async (id: number) => {
    try {
      // A purge that waits for a disk does not delay the end: the next start repeats it.
      if (!signal.aborted) await untilAborted(purge(id), signal);
    } catch (error) {
      if (!signal.aborted) {
        logger.error({ id, error: errorText(error) }, 'purge failed');
        retrier.add({ id }, 'purge', () => purge(id));
      }
    }
    tries.get(id)?.resolve();
    tries.delete(id);
  };
  const tried = () => Promise.all([...tries.values()].map(({ promise }) => promise));

  due.pipe(mergeMap(attempt, concurrency)).subscribe();
  const pipeline = pipelines.start({
    name: 'purge',
    handle: eachEvent((event) => {
      if (isDue(event)) enqueue(event.data.id);
    }),
  });
  for (const [id] of journal.durable.volumes.pendingPurge) enqueue(id);
  return {
    drained: async () => {
      await tried();
      if (signal.aborted) throw purgesCutShort();
    },
    get closing() {
      return signal.aborted;
    },
    get lastPurge() {
      return recorder.lastPurge;
    },
    purged: async (id) => tries.get(id)?.promise,
    close: async () => {
      closing.abort();
      pipeline.close();
      await tried();
      due.complete();
      await recorder.close();
    },
  };
}

const purgesCutShort = () =>
  new Fault('stopped', 'volumes of removed snapshots are not purged yet: the daemon stops', {
    hint: 'the next start goes on with it',
  });

interface Purge {
  readonly id: number;
  readonly bytes: number;
}

/** Records purges, those of a short time together. */
function createRecorder({ journal, driver, logger }: Pick<BackgroundContext, 'journal' | 'driver' | 'logger'>) {
  const done = new Subject<Purge>();
  let lastPurge = Number.NEGATIVE_INFINITY;
  const reasonOf = (id: number) => journal.latest.volumes.pendingPurge.get(id)?.why ?? 'removed';
  const eventOf = ({ id, bytes }: Purge): Event => ({ type: 'VolumePurged', data: { id, why: reasonOf(id), bytes } });
  const failed = (error: unknown) =>
    logger.warn({ error: errorText(error) }, 'purges not recorded: the next start repeats them');
  const record = async (purges: readonly Purge[]) => {
    try {
      // A purge that a power cut undoes must not be in the log: nothing would repeat it.
      await driver.syncMetadata();
      journal.recordSoon(purges.map(eventOf), { actor: reconcilerActor, reserve: true }, failed);
    } catch (error) {
      failed(error);
    }
  };
  const recorded = lastValueFrom(
    done.pipe(
      bufferTime(driver.traits.orderedMetadata ? recordEvery : recordUnorderedEvery),
      filter((purges) => purges.length > 0),
      concatMap(record),
    ),
    { defaultValue: undefined },
  );
  return {
    add: (purge: Purge) => {
      if (reasonOf(purge.id) !== 'prepare undone') lastPurge = performance.now();
      done.next(purge);
    },
    get lastPurge() {
      return lastPurge;
    },
    close: async () => {
      done.complete();
      await recorded;
    },
  };
}

type Due = EventOf<'SnapshotRemoved' | 'PrepareUndone' | 'RetentionEnded'>;

const isDue = (event: Event): event is Due =>
  (event.type === 'SnapshotRemoved' && !event.data.retained) ||
  event.type === 'PrepareUndone' ||
  event.type === 'RetentionEnded';
