import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';

/** What is being undone, and why. */
export interface Undoing {
  readonly operation: 'prepare' | 'commit';
  readonly id: number;
  readonly key: string;
  /** the volume's place, relative to the root */
  readonly path: string;
  /** the error that made the undo necessary */
  readonly cause: unknown;
}

/**
 * Undoes on disk what an operation left there; tells whether that worked. Never throws. `later` is what is tried again,
 * where that is not simply the deed: by then the world has moved on.
 */
export type Undo = (undoing: Undoing, deed: () => Promise<unknown>, later?: () => Promise<unknown>) => Promise<boolean>;

/** An undo that fails is logged in this one form, everywhere, and tried again until it succeeds. */
export function createUndo(logger: Logger, retrier: Retrier): Undo {
  return async ({ operation, id, key, path, cause }, deed, later = deed) => {
    try {
      await deed();
      return true;
    } catch (error) {
      const about = { operation, id, key, path, error: errorText(error), because: errorText(cause) };
      logger.error(about, 'undo failed');
      retrier.add({ operation, id, key, path }, 'undo', async () => void (await later()));
      return false;
    }
  };
}

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
