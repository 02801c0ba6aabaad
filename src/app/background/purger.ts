import { bufferTime, concatMap, filter, lastValueFrom, mergeMap, Subject } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import { type Deferred, deferred, untilAborted } from '../../ports/promises.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Journal } from '../store/journal.ts';
import type { Retrier } from '../store/retrier.ts';
import type { Pipelines } from './pipeline.ts';

/** Takes volumes of removed and undone snapshots off the disk, in the background, and records what it did. */
export interface Purger {
  /** Resolves when every purge that was due at the call has been tried once. Rejects with a Fault (`stopped`) where it was cut short. */
  drained(): Promise<void>;
  /** When a removed volume has last gone, in milliseconds as of `performance.now`; what an undone prepare made does not count. */
  readonly lastGone: number;
  /** Resolves when this id's purge, if one is due, has been tried once. */
  purged(id: number): Promise<void>;
  /** Whether it begins nothing any more: from the call of `close` on. */
  readonly closing: boolean;
  /** Resolves when no purge is under way: one that is cut short, and all that is still due, is done by the next start. */
  close(): Promise<void>;
}

const atOnce = 4;
/** milliseconds of purges that are recorded together */
const recordEvery = 25;
/** the same, where each time all of the disk must be flushed first */
const syncEvery = 500;

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly retrier: Retrier;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
}

interface Purged {
  readonly id: number;
  readonly bytes: number;
}

export function createPurger({ journal, pipelines, driver, retrier, logger, failpoint }: Context): Purger {
  const ending = new AbortController();
  let lastGone = Number.NEGATIVE_INFINITY;
  const due = new Subject<number>();
  const done = new Subject<Purged>();
  const tries = new Map<number, Deferred<void>>();

  const enqueue = (id: number) => {
    if (tries.has(id)) return;
    tries.set(id, deferred());
    due.next(id);
  };
  const purge = async (id: number) => {
    failpoint('remove.purge');
    const bytes = await driver.purge(id);
    failpoint('remove.purged');
    if (journal.latest.volumes.pendingPurge.get(id)?.why !== 'prepare undone') lastGone = performance.now();
    done.next({ id, bytes });
  };
  const attempt = async (id: number) => {
    try {
      // One that the disk holds up is not waited for at the end: the next start does it again.
      if (!ending.signal.aborted) await untilAborted(purge(id), ending.signal);
    } catch (error) {
      if (!ending.signal.aborted) {
        logger.error({ id, error: errorText(error) }, 'purge failed');
        retrier.add({ id }, 'purge', () => purge(id));
      }
    }
    tries.get(id)?.resolve();
    tries.delete(id);
  };
  const unrecorded = (error: unknown) =>
    logger.warn({ error: errorText(error) }, 'purges not recorded: they will be done again at the next start');
  const record = (purged: readonly Purged[]) => {
    const events = purged.map(({ id, bytes }): Event => {
      const why = journal.latest.volumes.pendingPurge.get(id)?.why ?? 'removed';
      return { type: 'VolumePurged', data: { id, why, bytes } };
    });
    journal.recordSoon(events, { actor: reconcilerActor, reserve: true }, unrecorded);
  };

  /** A purge that a power cut takes back must not be in the log: nobody would do it again. */
  const settleAndRecord = async (purged: readonly Purged[]) => {
    try {
      await driver.syncMetadata();
      record(purged);
    } catch (error) {
      unrecorded(error);
    }
  };

  due.pipe(mergeMap(attempt, atOnce)).subscribe();
  const recording = lastValueFrom(
    done.pipe(
      bufferTime(driver.traits.orderedMetadata ? recordEvery : syncEvery),
      filter((purged) => purged.length > 0),
      concatMap(settleAndRecord),
    ),
    { defaultValue: undefined },
  );
  const pipeline = pipelines.start({
    name: 'purge',
    handle: (envelopes) => {
      for (const { event } of envelopes) if (endsVolume(event)) enqueue(event.data.id);
    },
  });
  for (const [id] of journal.durable.volumes.pendingPurge) enqueue(id);

  const tried = () => Promise.all([...tries.values()].map(({ promise }) => promise));
  return {
    drained: async () => {
      await tried();
      if (ending.signal.aborted)
        throw new Fault('stopped', 'what was removed is not purged yet: the daemon stops', {
          hint: 'the next start goes on with it',
        });
    },
    get closing() {
      return ending.signal.aborted;
    },
    get lastGone() {
      return lastGone;
    },
    purged: async (id) => tries.get(id)?.promise,
    close: async () => {
      ending.abort();
      pipeline.close();
      await tried();
      due.complete();
      done.complete();
      await recording;
    },
  };
}

type VolumeEnd = EventOf<'SnapshotRemoved' | 'PrepareUndone' | 'RetentionEnded'>;

const endsVolume = (event: Event): event is VolumeEnd =>
  (event.type === 'SnapshotRemoved' && !event.data.retained) ||
  event.type === 'PrepareUndone' ||
  event.type === 'RetentionEnded';
