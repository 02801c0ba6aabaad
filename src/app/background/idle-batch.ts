/** Collects the ids of layers until commits pause, so that work with no hurry is done for all of them once a pull is over. */
interface IdleBatch {
  add(id: number): void;
  /** Drops the ids that wait. Resolves when the work under way has ended. */
  close(): Promise<void>;
}

/** In milliseconds. */
interface Delays {
  /** from the last id to the work */
  readonly quiet: number;
  /** from the first id at most */
  readonly max: number;
}

/** The layers of an image are committed one soon after the other. */
const defaults: Delays = { quiet: 2_000, max: 10_000 };

/** `work` never runs twice at a time, and must not reject. */
export function createIdleBatch(work: (ids: readonly number[]) => Promise<void>, { quiet, max } = defaults): IdleBatch {
  const waiting = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let underWay = Promise.resolve();
  const workOnWaiting = async () => {
    const ids = [...waiting];
    waiting.clear();
    if (ids.length > 0) await work(ids);
  };
  const begin = () => {
    underWay = underWay.then(workOnWaiting);
  };
  return {
    add: (id) => {
      const now = performance.now();
      if (waiting.size === 0) since = now;
      waiting.add(id);
      clearTimeout(timer);
      timer = setTimeout(begin, Math.min(quiet, since + max - now));
    },
    close: () => {
      clearTimeout(timer);
      waiting.clear();
      return underWay;
    },
  };
}
