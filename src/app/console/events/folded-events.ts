import { setTimeout as pause } from 'node:timers/promises';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import type { StoreFiles } from '../../../ports/store-files.ts';
import { withLog } from '../../audit/state-at.ts';
import { readEncoded } from '../../feed/batch.ts';
import type { Density, Incident } from '../rows.ts';
import { countEvents, estimateEvents, type Range, stepOf, type Unfolded } from './density.ts';
import { EventColumns, type Touched } from './event-columns.ts';

export interface DensityWanted {
  /** nanoseconds since 1970 UTC, both inclusive; default: the whole log */
  readonly since?: bigint | undefined;
  readonly until?: bigint | undefined;
  readonly buckets: number;
  readonly types: readonly string[];
  readonly actor?: string | undefined;
  readonly namespace?: string | undefined;
}

/** Time, type, actor and namespace of every event of a log, read once and then as it grows. */
export interface FoldedEvents {
  density(wanted: DensityWanted): Promise<Density>;
  /** Those of a period, in order. */
  incidents(since: bigint | undefined, until: bigint | undefined): Promise<readonly Incident[]>;
  /** As the columns so far: undefined while they do not have these events. */
  touched(after: number, upTo: number): Touched | undefined;
  /** The columns when they hold every event of the log at the call. */
  complete(): Promise<EventColumns>;
  /** Starts anew: the log is another one. */
  clear(): void;
}

/** Milliseconds that a first answer waits for the rest of the log, if that is no more than so many events. */
const firstAnswer = 250;
const maxAwaited = 100_000;
const million = 1_000_000n;

interface Fold {
  columns: EventColumns | undefined;
  underWay: Promise<EventColumns> | undefined;
  /** why the last one did not reach the end of the log */
  failure: { readonly error: unknown } | undefined;
}

const notBegun = (): Fold => ({ columns: undefined, underWay: undefined, failure: undefined });

export function createFoldedEvents(files: Pick<StoreFiles, 'openLog'>): FoldedEvents {
  let current = notBegun();
  const read = (into: Fold) =>
    withLog(files, async (log) => {
      into.columns ??= new EventColumns(log.gone?.upTo ?? 0);
      for await (const events of readEncoded(log, into.columns.position)) {
        // Cleared meanwhile.
        if (current !== into) break;
        into.columns.add(events);
      }
      into.failure = undefined;
      return into.columns;
    });
  const fold = (): Promise<EventColumns> => {
    const into = current;
    into.underWay ??= read(into)
      .catch((error: unknown) => {
        into.failure = { error };
        throw error;
      })
      .finally(() => {
        into.underWay = undefined;
      });
    return into.underWay;
  };
  /** The columns as far as they go after a moment. Rejects once the log could not be read to its end, until it can be. */
  const soFar = async (upTo: number): Promise<EventColumns> => {
    const into = current;
    const whole = fold();
    whole.catch(() => {});
    const awaited = upTo - (into.columns?.position ?? 0) <= maxAwaited;
    await Promise.race([whole, pause(awaited ? firstAnswer : 0)]);
    if (into.failure !== undefined) throw into.failure.error;
    return into.columns ?? whole;
  };
  return {
    density: (wanted) => withLog(files, async (log) => densityOf(await soFar(log.end.position), log, wanted)),
    incidents: (since = 0n, until = 2n ** 63n) =>
      withLog(files, async (log) => {
        const { incidents } = await soFar(log.end.position);
        return incidents.filter(({ time }) => time >= since && time <= until);
      }),
    touched: (after, upTo) => {
      if (upTo > (current.columns?.position ?? 0)) fold().catch(() => {});
      return current.columns?.touched(after, upTo);
    },
    complete: async () => {
      // One that is under way may have begun before the newest event.
      await current.underWay;
      return fold();
    },
    clear: () => {
      current = notBegun();
    },
  };
}

async function densityOf(columns: EventColumns, log: ReadableLog, wanted: DensityWanted): Promise<Density> {
  const total = log.end.position;
  const unfolded = columns.position < total ? await unfoldedBlocks(log, columns.position) : [];
  const range = rangeOf(columns, unfolded, wanted);
  const step = stepOf(range);
  const filters = {
    types:
      wanted.types.length === 0 ? undefined : new Set(wanted.types.flatMap((type) => columns.types.find(type) ?? [])),
    // A name that does not occur has no events.
    actor: wanted.actor === undefined ? undefined : (columns.actors.find(wanted.actor) ?? -1),
    namespace: wanted.namespace === undefined ? undefined : (columns.namespaces.find(wanted.namespace) ?? -1),
  };
  const all = wanted.types.length === 0 && wanted.actor === undefined && wanted.namespace === undefined;
  return {
    first: (log.gone?.upTo ?? 0) + 1,
    last: total,
    start: BigInt(range.start) * million,
    end: BigInt(range.end) * million,
    step: BigInt(step) * million,
    folded: Math.min(columns.position, total),
    total,
    buckets: [...countEvents(columns, filters, range), ...(all ? estimateEvents(unfolded, range) : [])],
    actors: columns.actors.texts.filter((text) => text !== ''),
    namespaces: columns.namespaces.texts.filter((text) => text !== ''),
  };
}

async function unfoldedBlocks(log: ReadableLog, after: number): Promise<readonly Unfolded[]> {
  const blocks = (await log.timedBlocks?.()) ?? [];
  return blocks
    .filter(({ last }) => last > after)
    .map(({ first, last, earliest, latest }) => ({
      ...{ first: Math.max(first, after + 1), last },
      ...{ earliest: Number(earliest / million), latest: Number(latest / million) },
    }));
}

/** The period that is wanted, otherwise that of all events. */
function rangeOf(columns: EventColumns, unfolded: readonly Unfolded[], wanted: DensityWanted): Range {
  const all = [...columns.chunks, ...unfolded];
  const earliest = all.reduce((least, one) => Math.min(least, one.earliest), Number.POSITIVE_INFINITY);
  const latest = all.reduce((most, one) => Math.max(most, one.latest), 0);
  const start = wanted.since === undefined ? Math.min(earliest, latest) : Number(wanted.since / million);
  const end = wanted.until === undefined ? latest : Number(wanted.until / million);
  return { start, end: Math.max(start, end), buckets: wanted.buckets };
}
