import type { Envelope } from '../../../events/envelope.ts';
import type { LogFigures, StoreFiles } from '../../ports/store-files.ts';
import { positionNamed, stateAt, wallClock } from './state-at.ts';
import { type Count, type Stats, statsOf } from './stats.ts';

/** The figures of a store at a moment, with those of its log as it is now. */
export interface StoreStats extends Stats {
  readonly log: LogFigures;
  /** events after the newest checkpoint: what a start would replay */
  readonly behindCheckpoint: number;
  /** nanoseconds since the last event up to the moment, null for none */
  readonly quiet: bigint | null;
}

/** Rejects as `stateOfStore` where the log does not have the moment `at`. */
export async function statsOfStore(files: StoreFiles, at?: string): Promise<StoreStats> {
  const log = await files.openLog();
  try {
    const position = at === undefined ? log.end.position : await positionNamed(log, at);
    const last = await eventAt(log.read(position - 1));
    const state = await stateAt(files, log, position);
    // Ages at an earlier moment are as they were then.
    const now = at === undefined ? wallClock() : (last?.time ?? wallClock());
    return {
      ...statsOf(state, now),
      log: await files.measureLog(),
      behindCheckpoint: position - (await newestCheckpoint(files, position)),
      quiet: last === undefined ? null : wallClock() - last.time,
    };
  } finally {
    await log.close();
  }
}

async function eventAt(batches: AsyncIterable<readonly Envelope[]>): Promise<Envelope | undefined> {
  for await (const [first] of batches) return first;
  return undefined;
}

/** The position of the newest whole checkpoint up to a position, 0 for none. */
export async function newestCheckpoint(files: StoreFiles, upTo: number): Promise<number> {
  for await (const { place } of (await files.openCheckpoints()).load(() => {}, upTo)) return place.position;
  return 0;
}

/** The figures as plain JSON: numbers are strings of digits, as in the log. */
export function statsRow(stats: StoreStats): Record<string, unknown> {
  const counts = (all: ReadonlyMap<string, Count>) =>
    Object.fromEntries([...all].map(([name, count]) => [name, digits(count)]));
  const { position, total, namespaces, kinds, ages, doomed, retained, log, behindCheckpoint, quiet } = stats;
  return {
    position: String(position),
    total: digits(total),
    namespaces: counts(namespaces),
    kinds: counts(kinds),
    ages: counts(ages),
    doomed: String(doomed),
    retained: { layers: String(retained.count), bytes: String(retained.bytes) },
    log: digits(log),
    behindCheckpoint: String(behindCheckpoint),
    quiet: quiet === null ? null : String(quiet),
  };
}

const digits = (figures: Count | LogFigures) =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, String(figure)]));
