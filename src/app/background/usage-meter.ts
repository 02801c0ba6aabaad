import type { State } from '../../../projections/state.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import { untilAborted } from '../../ports/promises.ts';
import type { Usage } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { layersOf, layerWith } from '../store/volume-of.ts';
import { createIdleBatch } from './idle-batch.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';

/** Who asks for a measurement. */
export interface Asker {
  /** aborted when the client has hung up */
  readonly ended: AbortSignal;
}

/** Measures the usage of snapshots: of committed ones once, in an idle batch. */
export interface UsageMeter {
  /**
   * The usage of an existing active or committed snapshot: at once if it was recorded, else as it is measured now. Calls at the same time
   * share the measurement; it ends when the last asker has ended. Rejects with a Fault.
   */
  usageOf(id: number, asker?: Asker): Usage | Promise<Usage>;
  close(): void;
}

type Context = Pick<BackgroundContext, 'journal' | 'pipelines' | 'driver' | 'logger'>;

const nothing: Usage = { bytes: 0, inodes: 0 };
/** Layers of a batch that are measured at the same time: threads send their results together, and the log takes them together. */
const together = 16;

export function createUsageMeter({ journal, pipelines, driver, logger }: Context): UsageMeter {
  let closed = false;

  const measure = async (id: number, signal: AbortSignal | undefined): Promise<Usage> => {
    const layer = layerWith(journal.durable, id);
    if (layer === undefined) return nothing;
    const usage = await driver.usage(layer.volume, signal);
    const events = [{ type: 'UsageMeasured', data: { id, bytes: usage.bytes, inodes: usage.inodes } }] as const;
    // Without this event the next start measures again.
    if (layer.snapshot.kind === 'committed' && layerWith(journal.latest, id) !== undefined)
      journal.recordSoon(events, { actor: reconcilerActor }, () => {});
    return usage;
  };
  const measurements = new SharedMeasurements(measure);
  const usageOf = (id: number, asker?: Asker) => journal.latest.usage.get(id) ?? measurements.usageOf(id, asker?.ended);
  const measureOne = async (id: number) => {
    try {
      await usageOf(id);
    } catch (error) {
      if (closed || layerWith(journal.latest, id) === undefined) return;
      logger.warn({ id, error: errorText(error) }, 'usage not measured, will be computed on demand');
    }
  };

  const batch = createIdleBatch(async (ids) => {
    for (let at = 0; at < ids.length && !closed; at += together)
      await Promise.all(ids.slice(at, at + together).map(measureOne));
  });
  const pipeline = pipelines.start({
    name: 'usage',
    handle: eachEvent((event) => {
      if (event.type === 'SnapshotCommitted') batch.add(event.data.id);
    }),
  });
  for (const id of unmeasured(journal.durable)) batch.add(id);
  return {
    usageOf,
    close: () => {
      closed = true;
      pipeline.close();
      void batch.close();
    },
  };
}

interface Measurement {
  readonly usage: Promise<Usage>;
  /** undefined: its first client never hangs up */
  readonly ending: AbortController | undefined;
  callers: number;
  ended: boolean;
}

/** Measurements under way. Calls for the same id share one, which is cut short when its last caller has hung up. */
class SharedMeasurements {
  readonly #underWay = new Map<number, Measurement>();
  readonly #measure: (id: number, signal: AbortSignal | undefined) => Promise<Usage>;

  constructor(measure: (id: number, signal: AbortSignal | undefined) => Promise<Usage>) {
    this.#measure = measure;
  }

  async usageOf(id: number, signal?: AbortSignal): Promise<Usage> {
    const measurement = this.#underWay.get(id) ?? this.#begin(id, signal);
    measurement.callers += 1;
    try {
      return await untilAborted(measurement.usage, signal);
    } finally {
      measurement.callers -= 1;
      if (measurement.callers === 0) {
        if (this.#underWay.get(id) === measurement) this.#underWay.delete(id);
        if (!measurement.ended) measurement.ending?.abort(hungUp());
      }
    }
  }

  #begin(id: number, signal: AbortSignal | undefined): Measurement {
    const ending = signal === undefined ? undefined : new AbortController();
    const measurement: Measurement = { usage: this.#measure(id, ending?.signal), ending, callers: 0, ended: false };
    const end = () => {
      measurement.ended = true;
    };
    measurement.usage.then(end, end);
    this.#underWay.set(id, measurement);
    return measurement;
  }
}

const hungUp = () => new Fault('stopped', 'usage: the client has hung up', { hint: 'ask again' });

/** Committed layers, existing and retained, without a recorded usage. */
function unmeasured(state: State): readonly number[] {
  const { usage } = state;
  const ids = layersOf(state);
  // Usually all were measured.
  if (ids.length === usage.size) return [];
  const measured = new Set(Array.from(usage, ([id]) => id));
  return ids.filter((id) => !measured.has(id));
}
