import type { Event } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Journal } from '../store/journal.ts';
import type { Retrier } from '../store/retrier.ts';
import { layerWith } from '../store/volume-of.ts';
import { createIdleBatch } from './idle-batch.ts';
import type { Pipelines } from './pipeline.ts';

/**
 * Flushes the layers whose commits were recorded without it (`durability = "background"`), and records that it did: all
 * together, when a pull is over, which costs it nothing.
 */
export interface Writeback {
  /** Flushes what is left. Resolves with whether every layer is on stable storage now; what failed is told to the logger. */
  close(): Promise<boolean>;
}

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly retrier: Retrier;
  readonly logger: Logger;
}

export function createWriteback({ journal, pipelines, driver, retrier, logger }: Context): Writeback {
  const flush = async (ids: readonly number[]) => {
    const layers = ids.flatMap((id) => layerWith(journal.durable, id) ?? []);
    await Promise.all(layers.map(({ volume }) => driver.flush(volume)));
    const events = layers.map(({ volume: { id } }): Event => ({ type: 'VolumeFlushed', data: { id } }));
    if (events.length > 0) await journal.record(events, { actor: reconcilerActor, flush: 'soon' });
  };
  const failed = (ids: readonly number[], error: unknown) =>
    logger.error({ ids, error: errorText(error) }, 'late flush failed');
  const lull = createIdleBatch(async (ids) => {
    try {
      await flush(ids);
    } catch (error) {
      failed(ids, error);
      retrier.add({ ids }, 'late flush', () => flush(ids));
    }
  });

  const pipeline = pipelines.start({
    name: 'writeback',
    handle: (envelopes) => {
      for (const { event } of envelopes)
        if (event.type === 'SnapshotCommitted' && !event.data.flushed) lull.add(event.data.id);
    },
  });
  for (const id of unflushed(journal.durable)) lull.add(id);
  return {
    close: async () => {
      pipeline.close();
      await lull.close();
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
