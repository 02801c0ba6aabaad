import { setMaxListeners } from 'node:events';
import type { Event, EventOf } from '../../../events/registry.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import { untilAborted } from '../../ports/promises.ts';
import { reconcilerActor } from '../actors.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';
import { createPurgeQueue } from './purge-queue.ts';

/** Deletes the volumes of removed and undone snapshots in the background, and records that. */
export interface Purger {
  /** Resolves when every purge that was due at the call has been tried once. Rejects with a Fault (`stopped`) if it was cut short. */
  drained(): Promise<void>;
  /** When a removed volume was last deleted, in milliseconds as of `performance.now`; volumes of undone prepares do not count. */
  readonly lastPurge: number;
  /** Resolves when this id's purge, if one is due, has been tried once. */
  purged(id: number): Promise<void>;
  /** True from the call of `close` on: no purge begins any more. */
  readonly closing: boolean;
  /** Resolves when no purge is under way. The next start repeats those that were cut short or are still due. */
  close(): Promise<void>;
}

/** milliseconds from a purge to its record: those of this time share a flush */
const recordDelay = 250;
/** Events in one append: they must fit the space that the log reserves for removals. */
const maxEvents = 256;

export function createPurger(context: BackgroundContext): Purger {
  const { journal, pipelines, driver, retrier, logger, failpoint } = context;
  const closing = new AbortController();
  const { signal } = closing;
  setMaxListeners(0, signal); // one for each purge under way
  const recorder = createRecorder(context);
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
  };
  const queue = createPurgeQueue(attempt);
  const pipeline = pipelines.start({
    name: 'purge',
    handle: eachEvent((event) => {
      if (isDue(event)) queue.add(event.data.id);
    }),
  });
  for (const [id] of journal.durable.volumes.pendingPurge) queue.add(id);
  return {
    drained: async () => {
      journal.deliver();
      await queue.tried();
      if (signal.aborted) throw purgesCutShort();
    },
    get closing() {
      return signal.aborted;
    },
    get lastPurge() {
      return recorder.lastPurge;
    },
    purged: (id) => {
      journal.deliver();
      return queue.triedOne(id);
    },
    close: async () => {
      closing.abort();
      pipeline.close();
      await queue.close();
      await recorder.close();
    },
  };
}

const purgesCutShort = () =>
  new Fault('stopped', 'volumes of removed snapshots are not purged yet: the daemon stops', {
    hint: 'the next start continues it',
  });

interface Purge {
  readonly id: number;
  readonly bytes: number;
}

/** Records purges in batches. */
function createRecorder({ journal, driver, logger }: Pick<BackgroundContext, 'journal' | 'driver' | 'logger'>) {
  let done: Purge[] = [];
  let timer: NodeJS.Timeout | undefined;
  let recorded = Promise.resolve();
  let lastPurge = Number.NEGATIVE_INFINITY;
  const reasonOf = (id: number) => journal.latest.volumes.pendingPurge.get(id)?.why ?? 'removed';
  const eventOf = ({ id, bytes }: Purge): Event => ({ type: 'VolumePurged', data: { id, why: reasonOf(id), bytes } });
  const failed = (error: unknown) =>
    logger.warn({ error: errorText(error) }, 'purges not recorded: the next start repeats them');
  const recordDone = async () => {
    timer = undefined;
    const events = done.map(eventOf);
    done = [];
    try {
      // A purge that a power cut undoes must not be in the log: nothing would repeat it.
      if (events.length > 0) await driver.syncMetadata();
      for (let start = 0; start < events.length; start += maxEvents)
        journal.recordSoon(events.slice(start, start + maxEvents), { actor: reconcilerActor, reserve: true }, failed);
    } catch (error) {
      failed(error);
    }
  };
  const record = () => {
    recorded = recorded.then(recordDone);
  };
  return {
    add: (purge: Purge) => {
      if (reasonOf(purge.id) !== 'prepare undone') lastPurge = performance.now();
      done.push(purge);
      timer ??= setTimeout(record, recordDelay);
    },
    get lastPurge() {
      return lastPurge;
    },
    close: () => {
      clearTimeout(timer);
      record();
      return recorded;
    },
  };
}

type Due = EventOf<'SnapshotRemoved' | 'PrepareUndone' | 'RetentionEnded'>;

const isDue = (event: Event): event is Due =>
  (event.type === 'SnapshotRemoved' && !event.data.retained) ||
  event.type === 'PrepareUndone' ||
  event.type === 'RetentionEnded';
