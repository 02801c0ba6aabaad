import type { AppendOptions } from '../../ports/event-log.ts';
import { type Deferred, deferred } from '../../ports/promises.ts';

/**
 * Stores items in batches: one batch at a time, in the order in which the items came; whatever comes while a batch is
 * being stored waits for the next one. An item that comes alone is stored at once.
 */
export interface GroupCommit<T> {
  /** Resolves when the item is stored, rejects when it was given back. */
  take(item: T, flush: AppendOptions['flush']): Promise<void>;
  /** Resolves when everything taken so far is stored, rejects when the last of it was given back. */
  settled(): Promise<void>;
}

export interface GroupCommitOptions<T> {
  /** Makes a batch durable; rejects when it could not. */
  readonly store: (batch: readonly T[]) => Promise<void>;
  /** Undoes what a failed batch left, and gives the error for everyone whose item is not stored. Never rejects. */
  readonly undo: (error: unknown) => Promise<Error>;
  /** Called in the same turn in which the batch and all that was taken after it are given back. */
  readonly rewind: () => void;
  /** Whether a later item may share the batch that begins with `first`. */
  readonly together?: (first: T, item: T) => boolean;
}

/** Milliseconds that an item taken `soon` waits for company. */
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
  let underWay: readonly Waiting<T>[] = [];
  let urgent = false;
  let storing = false;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    urgent = true;
    if (storing) return;
    storing = true;
    clearTimeout(timer);
    timer = undefined;
    // Those who call in this same turn share the first batch.
    queueMicrotask(run);
  };
  const run = async () => {
    underWay = leading(waiting, together);
    waiting = waiting.slice(underWay.length);
    if (waiting.length === 0) urgent = false;
    try {
      await store(underWay.map(({ item }) => item));
      for (const { resolve } of underWay) resolve();
    } catch (error) {
      giveBack(await undo(error));
    }
    underWay = [];
    storing = false;
    next();
  };
  const giveBack = (error: Error) => {
    const lost = [...underWay, ...waiting];
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
    take: (item, flush) => {
      const entry = { item, ...deferred() };
      waiting.push(entry);
      if (flush === 'now') start();
      else if (!storing) next();
      return entry.promise;
    },
    settled: () => {
      const last = waiting.at(-1) ?? underWay.at(-1);
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
