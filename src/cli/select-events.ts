import { setTimeout as pause } from 'node:timers/promises';
import type { Envelope } from '../../events/envelope.ts';
import { evolveHistory, noHistory } from '../../projections/history-of-key.ts';
import type { ReadableLog } from './world.ts';

export interface Selection {
  /** only the life of the snapshots that stood under this key or name */
  readonly key?: string | undefined;
  /** only these event types; none for all */
  readonly types: readonly string[];
  /** first position */
  readonly from: number;
  /** only the newest so many of what is selected */
  readonly newest?: number | undefined;
}

type Batches = AsyncIterable<readonly Envelope[]>;

/** Decides event by event, in order, whether it belongs to a selection. */
export type Chooser = (envelope: Envelope) => boolean;

export function createChooser({ key, types, from }: Selection): Chooser {
  const concerns = key === undefined ? () => true : createHistoryChooser(key);
  // The history needs every event, so it is asked first.
  return (envelope) =>
    concerns(envelope) && envelope.position >= from && (types.length === 0 || types.includes(envelope.event.type));
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
  const { newest } = selection;
  const chosen = chosenFrom(log.read(startOf(log, selection) - 1), choose);
  if (newest === undefined) {
    yield* chosen;
    return;
  }
  let last: readonly Envelope[] = [];
  for await (const batch of chosen) last = [...last, ...batch].slice(-newest);
  yield last;
}

/** Without a filter the position tells where the newest events begin. */
function startOf(log: ReadableLog, { key, types, from, newest }: Selection): number {
  if (key !== undefined) return 1;
  if (newest === undefined || types.length > 0) return from;
  return Math.max(from, log.end.position - newest + 1);
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
