import { exhaustMap, from, Subject } from 'rxjs';
import type { Event } from '../../events/registry.ts';
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
  close(): void;
}

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly retrier: Retrier;
  readonly logger: Logger;
}

export function createLateFlusher({ journal, pipelines, driver, retrier, logger }: Context): LateFlusher {
  const due = new Set<number>();
  const wake = new Subject<void>();

  const flush = async (ids: readonly number[]) => {
    const layers = ids.flatMap((id) => layerWith(journal.durable, id) ?? []);
    await Promise.all(layers.map(({ volume }) => driver.flush(volume)));
    const events = layers.map(({ volume: { id } }): Event => ({ type: 'VolumeFlushed', data: { id } }));
    if (events.length > 0) await journal.record(events, { actor: reconcilerActor, flush: 'soon' });
  };
  /** What becomes due meanwhile waits for the next round: its data may have come after this one's flush began. */
  const drain = async () => {
    while (due.size > 0) {
      const ids = [...due];
      due.clear();
      try {
        await flush(ids);
      } catch (error) {
        logger.error({ ids, error: errorText(error) }, 'late flush failed');
        retrier.add({ ids }, 'late flush', () => flush(ids));
      }
    }
  };
  const add = (id: number) => {
    due.add(id);
    wake.next();
  };

  const flushing = wake.pipe(exhaustMap(() => from(drain()))).subscribe();
  const pipeline = pipelines.start({
    name: 'late-flush',
    handle: (envelopes) => {
      for (const { event } of envelopes)
        if (event.type === 'SnapshotCommitted' && !event.data.flushed) add(event.data.id);
    },
  });
  const { wanted, retained } = journal.durable.volumes;
  for (const [id, { kind, flushed }] of wanted) if (kind === 'committed' && !flushed) add(id);
  for (const [id, { flushed }] of retained) if (!flushed) add(id);
  return {
    close: () => {
      pipeline.close();
      flushing.unsubscribe();
    },
  };
}
