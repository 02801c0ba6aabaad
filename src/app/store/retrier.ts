import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';

/** Tries deeds again, with growing pauses, until they succeed: for what must not be forgotten and that nobody waits for. */
export interface Retrier {
  /** Tries the deed after a pause, and again. `about` names it in the log. */
  add(about: object, message: string, deed: () => Promise<void>): void;
  /** Tries nothing any more. Resolves when what is under way has ended. */
  close(): Promise<void>;
}

const firstPause = 500;
const longestPause = 60_000;

export function createRetrier(logger: Logger): Retrier {
  const timers = new Set<NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();
  let closed = false;
  const later = (pause: number, about: object, message: string, deed: () => Promise<void>) => {
    if (closed) return;
    const again = async () => {
      try {
        await deed();
        logger.info(about, `${message}: done at last`);
      } catch (error) {
        if (closed) return;
        logger.error({ ...about, error: errorText(error) }, `${message} failed again`);
        later(Math.min(pause * 2, longestPause), about, message, deed);
      }
    };
    const timer = setTimeout(() => {
      timers.delete(timer);
      const trying = again().finally(() => underWay.delete(trying));
      underWay.add(trying);
    }, pause);
    timer.unref();
    timers.add(timer);
  };
  return {
    add: (about, message, deed) => later(firstPause, about, message, deed),
    close: async () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      await Promise.all(underWay);
    },
  };
}
