import { type Deferred, deferred } from '../../ports/promises.ts';

/**
 * Purges in the order of their calls, each tried once. They wait until removals pause, or a caller waits for them: a collection of
 * containerd blocks its other calls from the first Remove to the last, but not during Cleanup.
 */
export interface PurgeQueue {
  /** An id that waits already is not added again. */
  add(id: number): void;
  /** Tries all that wait without delay; resolves when all that were added before the call have been tried. */
  tried(): Promise<void>;
  /** The same for one id. */
  triedOne(id: number): Promise<void>;
  /** Nothing is delayed any more. Resolves when all have been tried. */
  close(): Promise<void>;
}

/** In milliseconds. */
interface Delays {
  /** from the last removal to the purges */
  readonly quiet: number;
  /** from the first one at most */
  readonly max: number;
}

const defaults: Delays = { quiet: 100, max: 10_000 };

/** purges under way at the same time: enough that a few large trees don't hold up small ones */
const concurrency = 32;

/** `attempt` must not reject. */
export function createPurgeQueue(
  attempt: (id: number) => Promise<void>,
  { quiet, max }: Delays = defaults,
): PurgeQueue {
  const tries = new Map<number, Deferred<void>>();
  /** in order: those that wait for a pause, and those that are due */
  const waiting = new Set<number>();
  const due = new Set<number>();
  let underWay = 0;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const begin = () => {
    for (const id of due) {
      if (underWay >= concurrency) return;
      due.delete(id);
      underWay += 1;
      void attempt(id).then(() => {
        underWay -= 1;
        tries.get(id)?.resolve();
        tries.delete(id);
        begin();
      });
    }
  };
  const startWaiting = () => {
    clearTimeout(timer);
    for (const id of waiting) due.add(id);
    waiting.clear();
    begin();
  };
  const tried = async () => {
    startWaiting();
    await Promise.all([...tries.values()].map(({ promise }) => promise));
  };
  return {
    add: (id) => {
      if (tries.has(id)) return;
      tries.set(id, deferred());
      const now = performance.now();
      if (waiting.size === 0) since = now;
      waiting.add(id);
      clearTimeout(timer);
      if (closed) startWaiting();
      else timer = setTimeout(startWaiting, Math.min(quiet, since + max - now));
    },
    tried,
    triedOne: async (id) => {
      const waited = tries.get(id);
      if (waiting.delete(id)) due.add(id);
      begin();
      await waited?.promise;
    },
    close: () => {
      closed = true;
      return tried();
    },
  };
}
