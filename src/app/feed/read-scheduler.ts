import { deferred } from '../../ports/promises.ts';

/** Runs one read after the other. */
export type ReadScheduler = <T>(read: () => Promise<T>) => Promise<T>;

/** While the store is busy it gets so many times what reading takes. */
const share = 9;
/** milliseconds */
const maxPause = 250;
const quietAfter = 100;

/**
 * Lets readers of the log take turns, a block each, however many they are. While events are recorded there is a pause after
 * each turn, so that the store keeps nine tenths of the time.
 */
export function createReadScheduler(position: () => number): ReadScheduler {
  let last = Promise.resolve();
  let seen = position();
  let changed = Number.NEGATIVE_INFINITY;
  const isBusy = () => {
    const now = performance.now();
    if (position() !== seen) changed = now;
    seen = position();
    return now - changed < quietAfter;
  };
  return async (read) => {
    const before = last;
    const { promise, resolve: end } = deferred();
    last = promise;
    await before;
    const began = performance.now();
    try {
      return await read();
    } finally {
      if (isBusy()) setTimeout(end, Math.min(maxPause, share * (performance.now() - began)));
      else end();
    }
  };
}

/** The same items, each read in its turn. */
export async function* scheduled<T>(items: AsyncIterable<T>, scheduler: ReadScheduler): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await scheduler(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
