import { deferred } from '../../ports/promises.ts';

/** One piece of work after the other, whoever brings it. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** The store gets so many times what reading takes, while it is at work. */
const share = 9;
/** milliseconds */
const longestPause = 250;
const quietAfter = 100;

/**
 * Lets those who read the log take turns, a block each, however many they are. While events are recorded there is a pause
 * after each turn, so that the store keeps nine tenths of the time; else one turn follows the other.
 */
export function createTurns(position: () => number): Turns {
  let last = Promise.resolve();
  let seen = position();
  let changed = Number.NEGATIVE_INFINITY;
  const isBusy = () => {
    const now = performance.now();
    if (position() !== seen) changed = now;
    seen = position();
    return now - changed < quietAfter;
  };
  return async (work) => {
    const before = last;
    const { promise, resolve: end } = deferred();
    last = promise;
    await before;
    const began = performance.now();
    try {
      return await work();
    } finally {
      if (isBusy()) setTimeout(end, Math.min(longestPause, share * (performance.now() - began)));
      else end();
    }
  };
}

/** The same items, each of them fetched in a turn. */
export async function* inTurns<T>(items: AsyncIterable<T>, turns: Turns): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await turns(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
