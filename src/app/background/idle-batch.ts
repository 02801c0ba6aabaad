/** Gathers the ids of layers until commits pause: what nobody waits for is done for all of them together, when a pull is over. */
export interface IdleBatch {
  add(id: number): void;
  /** Begins nothing any more; what was still gathered is dropped. Resolves when what is under way has ended. */
  close(): Promise<void>;
}

/** In milliseconds. */
interface Pauses {
  /** from the last id to the work */
  readonly quiet: number;
  /** from the first id at most */
  readonly longest: number;
}

/** The layers of an image are committed one soon after the other. */
const pauses: Pauses = { quiet: 2_000, longest: 10_000 };

/** `work` is done once at a time; what becomes due meanwhile waits for the next time. It must not reject. */
export function createIdleBatch(
  work: (ids: readonly number[]) => Promise<void>,
  { quiet, longest } = pauses,
): IdleBatch {
  const due = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let underWay = Promise.resolve();
  const workOnDue = async () => {
    const ids = [...due];
    due.clear();
    if (ids.length > 0) await work(ids);
  };
  return {
    add: (id) => {
      const now = performance.now();
      if (due.size === 0) since = now;
      due.add(id);
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          underWay = underWay.then(workOnDue);
        },
        Math.min(quiet, since + longest - now),
      );
    },
    close: () => {
      clearTimeout(timer);
      due.clear();
      return underWay;
    },
  };
}
