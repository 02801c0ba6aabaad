import type { Envelope } from '../../../events/envelope.ts';
import type { AppendOptions, EventLog } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import { type Deferred, deferred } from '../../ports/promises.ts';

interface GroupCommitOptions<T> {
  /** Makes a batch durable; rejects when it could not. */
  readonly store: (batch: readonly T[]) => Promise<void>;
  /** Undoes what a failed batch left, and returns the error for all callers whose item is not stored. Never rejects. */
  readonly undo: (error: unknown) => Promise<Error>;
  /** Called in the same turn in which the batch and all later items are rejected. */
  readonly rewind: () => void;
  /** Whether `store` may block the thread now: then a batch waits for all that goes on in the current callback. */
  readonly blocks?: () => boolean;
  /** Whether a later item may share the batch that begins with `first`. */
  readonly together?: (first: T, item: T) => boolean;
}

/** Milliseconds for which a `soon` item waits for others. */
const soonMilliseconds = 20;

interface Waiting<T> extends Deferred<void> {
  readonly item: T;
}

/**
 * Stores items in batches: one batch at a time, in the order of the calls. Items that arrive while a batch is being stored
 * share the next one; a single item is stored at once.
 *
 * idle -> (`now`: microtask, `soon`: timer) -> storing -> stored: idle, or the next batch at once if any of it is urgent
 *                                                      -> failed: undo, rewind, reject all that is waiting, idle
 */
export class GroupCommit<T> {
  readonly #options: GroupCommitOptions<T>;
  #waiting: Waiting<T>[] = [];
  #batch: readonly Waiting<T>[] = [];
  #urgent = false;
  #storing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  /** Resolves when the item is stored, rejects if it was rolled back. */
  enqueue(item: T, flush: AppendOptions['flush']): Promise<void> {
    const entry = { item, ...deferred() };
    this.#waiting.push(entry);
    if (flush === 'now') this.#start();
    else if (!this.#storing) this.#next();
    return entry.promise;
  }

  /** Resolves when every item so far is stored, rejects if the last one was rolled back. */
  settled(): Promise<void> {
    const last = this.#waiting.at(-1) ?? this.#batch.at(-1);
    if (last === undefined) return Promise.resolve();
    if (this.#waiting.length > 0) this.#start();
    return last.promise;
  }

  #start(): void {
    this.#urgent = true;
    if (this.#storing) return;
    this.#storing = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Calls of the same callback share the first batch. Before `store` blocks the thread, each of them goes on as far as it can.
    (this.#options.blocks?.() ? process.nextTick : queueMicrotask)(() => this.#run());
  }

  async #run(): Promise<void> {
    const { store, undo, together = () => true } = this.#options;
    this.#batch = leading(this.#waiting, together);
    this.#waiting = this.#waiting.slice(this.#batch.length);
    if (this.#waiting.length === 0) this.#urgent = false;
    try {
      await store(this.#batch.map(({ item }) => item));
      for (const { resolve } of this.#batch) resolve();
    } catch (error) {
      this.#rollBack(await undo(error));
    }
    this.#batch = [];
    this.#storing = false;
    this.#next();
  }

  #rollBack(error: Error): void {
    const lost = [...this.#batch, ...this.#waiting];
    this.#waiting = [];
    this.#urgent = false;
    this.#options.rewind();
    for (const { reject } of lost) reject(error);
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    if (this.#urgent) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), soonMilliseconds);
  }
}

function leading<T>(waiting: readonly Waiting<T>[], together: (first: T, item: T) => boolean): readonly Waiting<T>[] {
  const [first] = waiting;
  if (first === undefined) return [];
  const end = waiting.findIndex(({ item }, index) => index > 0 && !together(first.item, item));
  return end === -1 ? waiting : waiting.slice(0, end);
}

/**
 * The common part of every adapter's `append`: it never throws, an append without events resolves at once, and positions must
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

/** The fault of an append to a stopped log. */
export const stoppedFault = (cause: Fault): Fault =>
  new Fault('stopped', `the log accepts no more events: ${cause.message}`, { hint: 'restart the daemon', cause });
