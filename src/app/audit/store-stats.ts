import type { Envelope } from '../../../events/envelope.ts';
import { silent } from '../../ports/logger.ts';
import type { LogFigures, StoreFiles } from '../../ports/store-files.ts';
import { loadState } from '../recovery/load-state.ts';
import { positionNamed, wallClock } from './state-at.ts';
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
    const { state, checkpoint, ...replayed } = await loadState(log, await files.openCheckpoints(), silent, position);
    const last = replayed.last ?? (await eventAt(log.read(position - 1)));
    // Ages at an earlier moment are as they were then.
    const now = at === undefined ? wallClock() : (last?.time ?? wallClock());
    return {
      ...statsOf(state, now),
      log: await files.measureLog(),
      behindCheckpoint: position - checkpoint,
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

/** The figures as plain JSON: numbers are strings of digits, as in the log. */
export function statsRow(stats: StoreStats): Record<string, unknown> {
  const counts = (all: ReadonlyMap<string, Count>) =>
    Object.fromEntries([...all].map(([name, count]) => [name, digits(count)]));
  const { position, total, namespaces, kinds, ages, pendingPurge, retained, log, behindCheckpoint, quiet } = stats;
  return {
    position: String(position),
    total: digits(total),
    namespaces: counts(namespaces),
    kinds: counts(kinds),
    ages: counts(ages),
    pendingPurge: String(pendingPurge),
    retained: { layers: String(retained.count), bytes: String(retained.bytes) },
    log: digits(log),
    behindCheckpoint: String(behindCheckpoint),
    quiet: quiet === null ? null : String(quiet),
  };
}

const digits = (figures: Count | LogFigures) =>
  Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, String(figure)]));
