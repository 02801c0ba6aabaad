import type { Event } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import { errorText } from '../../ports/fault.ts';
import { reconcilerActor } from '../actors.ts';
import { layerWith } from '../store/volume-of.ts';
import { createIdleBatch } from './idle-batch.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';

/** Flushes the layers whose commits did not (`durability = "background"`), in an idle batch, and records that. */
export interface Writeback {
  /** Flushes the rest. Resolves with whether every layer is on stable storage now; failures are logged. */
  close(): Promise<boolean>;
}

type Context = Pick<BackgroundContext, 'journal' | 'pipelines' | 'driver' | 'retrier' | 'logger'>;

export function createWriteback({ journal, pipelines, driver, retrier, logger }: Context): Writeback {
  const flush = async (ids: readonly number[]) => {
    const layers = ids.flatMap((id) => layerWith(journal.durable, id) ?? []);
    await Promise.all(layers.map(({ volume }) => driver.flush(volume, layers.length > 1)));
    const events = layers.map(({ volume: { id } }): Event => ({ type: 'VolumeFlushed', data: { id } }));
    if (events.length > 0) await journal.record(events, { actor: reconcilerActor, flush: 'soon' });
  };
  const tryFlush = async (ids: readonly number[]) => {
    try {
      await flush(ids);
      return true;
    } catch (error) {
      logger.error({ ids, error: errorText(error) }, 'writeback failed');
      return false;
    }
  };
  const batch = createIdleBatch(async (ids) => {
    if (!(await tryFlush(ids))) retrier.add({ ids }, 'writeback', () => flush(ids));
  });
  const pipeline = pipelines.start({
    name: 'writeback',
    handle: eachEvent((event) => {
      if (event.type === 'SnapshotCommitted' && !event.data.flushed) batch.add(event.data.id);
    }),
  });
  for (const id of unflushed(journal.durable)) batch.add(id);
  return {
    close: async () => {
      pipeline.close();
      await batch.close();
      return tryFlush(unflushed(journal.durable));
    },
  };
}

/** Committed layers, existing and retained, whose data is not known to be on stable storage. */
function unflushed({ volumes: { wanted, retained } }: State): readonly number[] {
  const ids: number[] = [];
  for (const [id, { kind, flushed }] of wanted) if (kind === 'committed' && !flushed) ids.push(id);
  for (const [id, { flushed }] of retained) if (!flushed) ids.push(id);
  return ids;
}
