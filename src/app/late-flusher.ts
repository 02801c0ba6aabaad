import type { Event } from '../../events/registry.ts';
import type { State } from '../../projections/state.ts';
import { errorText } from '../ports/fault.ts';
import type { Logger } from '../ports/logger.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import { reconcilerActor } from './actors.ts';
import type { Journal } from './journal.ts';
import type { Pipelines } from './pipeline/pipeline.ts';
import type { Retrier } from './retrier.ts';
import { layerWith } from './volume-of.ts';

/** Flushes the layers whose commits were recorded without it (`durability = "background"`), and records that it did. */
export interface LateFlusher {
  /** Flushes what is left. Resolves with whether every layer is on stable storage now; what failed is told to the logger. */
  close(): Promise<boolean>;
}

/**
 * Milliseconds from the last commit to the flush, and from the first at most: the layers of an image are committed one soon
 * after the other, and writing all of them out together, when the pull is over, costs it nothing.
 */
const quiet = 2_000;
const longest = 10_000;

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly retrier: Retrier;
  readonly logger: Logger;
}

export function createLateFlusher({ journal, pipelines, driver, retrier, logger }: Context): LateFlusher {
  const due = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let underWay = Promise.resolve();

  const flush = async (ids: readonly number[]) => {
    const layers = ids.flatMap((id) => layerWith(journal.durable, id) ?? []);
    await Promise.all(layers.map(({ volume }) => driver.flush(volume)));
    const events = layers.map(({ volume: { id } }): Event => ({ type: 'VolumeFlushed', data: { id } }));
    if (events.length > 0) await journal.record(events, { actor: reconcilerActor, flush: 'soon' });
  };
  const failed = (ids: readonly number[], error: unknown) =>
    logger.error({ ids, error: errorText(error) }, 'late flush failed');
  /** What becomes due meanwhile waits for the next one: its data may have come after this flush began. */
  const flushDue = async () => {
    const ids = [...due];
    due.clear();
    try {
      await flush(ids);
    } catch (error) {
      failed(ids, error);
      retrier.add({ ids }, 'late flush', () => flush(ids));
    }
  };
  const add = (id: number) => {
    const now = performance.now();
    if (due.size === 0) since = now;
    due.add(id);
    clearTimeout(timer);
    const pause = Math.min(quiet, since + longest - now);
    timer = setTimeout(() => {
      underWay = underWay.then(flushDue);
    }, pause);
  };

  const pipeline = pipelines.start({
    name: 'late-flush',
    handle: (envelopes) => {
      for (const { event } of envelopes)
        if (event.type === 'SnapshotCommitted' && !event.data.flushed) add(event.data.id);
    },
  });
  for (const id of unflushed(journal.durable)) add(id);
  return {
    close: async () => {
      pipeline.close();
      clearTimeout(timer);
      await underWay;
      const rest = unflushed(journal.durable);
      try {
        await flush(rest);
        return true;
      } catch (error) {
        failed(rest, error);
        return false;
      }
    },
  };
}

/** Committed layers, living and retained, whose data is not known to be on stable storage. */
function unflushed({ volumes: { wanted, retained } }: State): readonly number[] {
  const ids: number[] = [];
  wanted.each((id, { kind, flushed }) => {
    if (kind === 'committed' && !flushed) ids.push(id);
  });
  retained.each((id, { flushed }) => {
    if (!flushed) ids.push(id);
  });
  return ids;
}
