import { setTimeout as pause } from 'node:timers/promises';
import type { Envelope } from '../../../events/envelope.ts';
import { namespaceOf } from '../../../projections/snapshot.ts';
import { evolveHistory, noHistory } from '../../../projections/snapshot-history.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { aboutKey } from './life-events.ts';
import { newestIn, rangesIn, readRange } from './read-ranges.ts';

export interface Selection {
  /** only the life of the snapshots that stood under this key or name */
  readonly key?: string | undefined;
  /** only these event types; none for all */
  readonly types: readonly string[];
  /** only what happened in this namespace of containerd */
  readonly namespace?: string | undefined;
  /** first position */
  readonly from: number;
  /** not earlier than this */
  readonly since?: bigint | undefined;
  /** not later than this */
  readonly until?: bigint | undefined;
  /** only the newest so many of what is selected */
  readonly newest?: number | undefined;
}

type Batches = AsyncIterable<readonly Envelope[]>;

/** Decides event by event, in order, whether it belongs to a selection. */
export type Chooser = (envelope: Envelope) => boolean;

export function createChooser({ key, types, namespace, from, since, until }: Selection): Chooser {
  const concerns = key === undefined ? () => true : createHistoryChooser(key);
  const inTime = ({ time }: Envelope) =>
    (since === undefined || time >= since) && (until === undefined || time <= until);
  // The history needs every event, so it is asked first.
  return (envelope) =>
    concerns(envelope) &&
    envelope.position >= from &&
    inTime(envelope) &&
    (types.length === 0 || types.includes(envelope.event.type)) &&
    (namespace === undefined || isOf(envelope, namespace));
}

/** containerd puts the namespace before every key; what the daemon does later to the same snapshot has only the key. */
function isOf({ meta, event: { data } }: Envelope, namespace: string): boolean {
  return meta.namespace === namespace || ('key' in data && namespaceOf(data.key) === namespace);
}

function createHistoryChooser(key: string): Chooser {
  let history = noHistory(key);
  return (envelope) => {
    const next = evolveHistory(history, envelope);
    const concerned = next !== history;
    // What was chosen is not needed again: only the ids are.
    history = { ...next, events: [] };
    return concerned;
  };
}

/** The selected events that the log holds now, in order, batch by batch. */
export async function* select(log: ReadableLog, selection: Selection, choose: Chooser): Batches {
  const { key, newest } = selection;
  if (key === undefined) return yield* inRanges(log, selection, choose);
  const chosen = chosenFrom(aboutKey(log, key), choose);
  if (newest === undefined) return yield* chosen;
  let last: readonly Envelope[] = [];
  for await (const batch of chosen) last = [...last, ...batch].slice(-newest);
  yield last;
}

/** Only what may hold an event of the times is read, and for the newest only from the end on. */
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

export interface Following {
  readonly choose: Chooser;
  readonly everyMilliseconds: number;
  /** changes whenever the log does, and is cheap to ask for */
  readonly stamp: () => string;
  /** the log as it is now */
  readonly reopen: () => Promise<ReadableLog>;
}

/** What is appended after a position, as it comes; never ends. */
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
