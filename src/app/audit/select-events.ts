import { setTimeout as pause } from 'node:timers/promises';
import type { Envelope } from '../../../events/envelope.ts';
import { namespaceOf } from '../../../projections/snapshot.ts';
import { evolveHistory, noHistory } from '../../../projections/snapshot-history.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { aboutKey, newestIn, rangesIn, readRange } from './read-events.ts';

export interface Selection {
  /** only the history of snapshots that ever had this key or name */
  readonly key?: string | undefined;
  /** only these event types; none for all */
  readonly types: readonly string[];
  /** only events of this containerd namespace */
  readonly namespace?: string | undefined;
  /** first position */
  readonly from: number;
  /** not earlier than this */
  readonly since?: bigint | undefined;
  /** not later than this */
  readonly until?: bigint | undefined;
  /** only the last N selected events */
  readonly newest?: number | undefined;
}

type Batches = AsyncIterable<readonly Envelope[]>;

/** Decides event by event, in order, whether it belongs to a selection. */
export type Chooser = (envelope: Envelope) => boolean;

export function createChooser({ key, types, namespace, from, since, until }: Selection): Chooser {
  const concerns = key === undefined ? () => true : createHistoryChooser(key);
  const inTime = ({ time }: Envelope) =>
    (since === undefined || time >= since) && (until === undefined || time <= until);
  // The history needs every event, so it comes first.
  return (envelope) =>
    concerns(envelope) &&
    envelope.position >= from &&
    inTime(envelope) &&
    (types.length === 0 || types.includes(envelope.event.type)) &&
    (namespace === undefined || isOf(envelope, namespace));
}

/** containerd puts the namespace before every key; events of the daemon's own work have only the key. */
function isOf({ meta, event: { data } }: Envelope, namespace: string): boolean {
  return meta.namespace === namespace || ('key' in data && namespaceOf(data.key) === namespace);
}

/** Decides, event by event and in order, whether it belongs to a snapshot that ever had a key. */
function createHistoryChooser(key: string): Chooser {
  const add = createHistoryTracker(key);
  return (envelope) => add(envelope) !== undefined;
}

/** Follows the history of a key: for an event that belongs to it, the ids of all its snapshots so far; otherwise undefined. */
export function createHistoryTracker(key: string): (envelope: Envelope) => ReadonlySet<number> | undefined {
  let history = noHistory(key);
  return (envelope) => {
    const next = evolveHistory(history, envelope);
    if (next === history) return undefined;
    // Events that were chosen are not needed again, only the ids.
    history = { ...next, events: [] };
    return history.ids;
  };
}

/** The selected events of the log as it is now, in order. */
export async function* select(log: ReadableLog, selection: Selection, choose: Chooser): Batches {
  const { key, newest } = selection;
  if (key === undefined) return yield* inRanges(log, selection, choose);
  const chosen = chosenFrom(aboutKey(log, key), choose);
  if (newest === undefined) return yield* chosen;
  let last: readonly Envelope[] = [];
  for await (const batch of chosen) last = [...last, ...batch].slice(-newest);
  yield last;
}

/** Reads only ranges that may hold events of the period, and the newest from the end. */
async function* inRanges(log: ReadableLog, { from, since, until, newest }: Selection, choose: Chooser): Batches {
  const ranges = (await rangesIn(log, { since, until })).map(({ first, last }) => ({
    first: Math.max(first, from),
    last,
  }));
  if (newest !== undefined) yield await newestIn(log, ranges, choose, newest);
  else for (const range of ranges) yield* readRange(log, range, choose);
}

async function* chosenFrom(batches: Batches, choose: Chooser): Batches {
  for await (const batch of batches) {
    const chosen = batch.filter(choose);
    if (chosen.length > 0) yield chosen;
  }
}

interface Following {
  readonly choose: Chooser;
  readonly everyMilliseconds: number;
  /** changes whenever the log does; cheap */
  readonly stamp: () => string;
  /** the log as it is now */
  readonly reopen: () => Promise<ReadableLog>;
}

/** New events after a position, as they are appended; never ends. */
export async function* follow(after: number, { choose, everyMilliseconds, stamp, reopen }: Following): Batches {
  let position = after;
  for (let seen = ''; ; await pause(everyMilliseconds)) {
    const now = stamp();
    if (now === seen) continue;
    seen = now;
    const log = await reopen();
    for await (const batch of log.read(position)) {
      position = batch.at(-1)?.position ?? position;
      const chosen = batch.filter(choose);
      if (chosen.length > 0) yield chosen;
    }
    await log.close();
  }
}
