import type { Envelope } from '../../../events/envelope.ts';
import type { AppendOptions, EventLog } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import { type Deferred, deferred } from '../../ports/promises.ts';

/**
 * Stores items in batches: one batch at a time, in the order of the calls. Items that arrive while a batch is being stored
 * share the next one; a single item is stored at once.
 *
 * idle -> (`now`: microtask, `soon`: timer) -> storing -> stored: idle, or the next batch at once if any of it is urgent
 *                                                      -> failed: undo, rewind, reject all that is waiting, idle
 */
export interface GroupCommit<T> {
  /** Resolves when the item is stored, rejects if it was rolled back. */
  enqueue(item: T, flush: AppendOptions['flush']): Promise<void>;
  /** Resolves when every item so far is stored, rejects if the last one was rolled back. */
  settled(): Promise<void>;
}

export interface GroupCommitOptions<T> {
  /** Makes a batch durable; rejects when it could not. */
  readonly store: (batch: readonly T[]) => Promise<void>;
  /** Undoes what a failed batch left, and returns the error for all callers whose item is not stored. Never rejects. */
  readonly undo: (error: unknown) => Promise<Error>;
  /** Called in the same turn in which the batch and all later items are rejected. */
  readonly rewind: () => void;
  /** Whether a later item may share the batch that begins with `first`. */
  readonly together?: (first: T, item: T) => boolean;
}

/** Milliseconds for which a `soon` item waits for others. */
const soonMilliseconds = 20;

interface Waiting<T> extends Deferred<void> {
  readonly item: T;
}

export function createGroupCommit<T>({
  store,
  undo,
  rewind,
  together = () => true,
}: GroupCommitOptions<T>): GroupCommit<T> {
  let waiting: Waiting<T>[] = [];
  let storingNow: readonly Waiting<T>[] = [];
  let urgent = false;
  let storing = false;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    urgent = true;
    if (storing) return;
    storing = true;
    clearTimeout(timer);
    timer = undefined;
    // Calls of the same turn share the first batch.
    queueMicrotask(run);
  };
  const run = async () => {
    storingNow = leading(waiting, together);
    waiting = waiting.slice(storingNow.length);
    if (waiting.length === 0) urgent = false;
    try {
      await store(storingNow.map(({ item }) => item));
      for (const { resolve } of storingNow) resolve();
    } catch (error) {
      rollBack(await undo(error));
    }
    storingNow = [];
    storing = false;
    next();
  };
  const rollBack = (error: Error) => {
    const lost = [...storingNow, ...waiting];
    waiting = [];
    urgent = false;
    rewind();
    for (const { reject } of lost) reject(error);
  };
  const next = () => {
    if (waiting.length === 0) return;
    if (urgent) start();
    else timer ??= setTimeout(start, soonMilliseconds);
  };
  return {
    enqueue: (item, flush) => {
      const entry = { item, ...deferred() };
      waiting.push(entry);
      if (flush === 'now') start();
      else if (!storing) next();
      return entry.promise;
    },
    settled: () => {
      const last = waiting.at(-1) ?? storingNow.at(-1);
      if (last === undefined) return Promise.resolve();
      if (waiting.length > 0) start();
      return last.promise;
    },
  };
}

function leading<T>(waiting: readonly Waiting<T>[], together: (first: T, item: T) => boolean): readonly Waiting<T>[] {
  const [first] = waiting;
  if (first === undefined) return [];
  const end = waiting.findIndex(({ item }, index) => index > 0 && !together(first.item, item));
  return end === -1 ? waiting : waiting.slice(0, end);
}

/**
 * What every adapter's `append` has in common: it never throws, an append without events is done at once, and positions must
 * follow the log's `end` without a gap. `accept` throws if the log refuses the events.
 */
export function createAppend(end: () => number, accept: EventLog['append']): EventLog['append'] {
  return (envelopes, options) => {
    try {
      checkPositions(envelopes, end());
      return envelopes.length === 0 ? Promise.resolve() : accept(envelopes, options);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function checkPositions(envelopes: readonly Envelope[], after: number): void {
  envelopes.forEach(({ position }, index) => {
    const expected = after + 1 + index;
    if (position !== expected) throw new TypeError(`append: expected position ${expected}, found ${position}`);
  });
}

/** Why a stopped log refuses an append. */
export const stoppedFault = (cause: Fault): Fault =>
  new Fault('stopped', `the log accepts no more events: ${cause.message}`, { hint: 'restart the daemon', cause });
