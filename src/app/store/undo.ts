import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';

/** What is being undone, and why. */
interface Undoing {
  readonly operation: 'prepare' | 'commit';
  readonly id: number;
  readonly key: string;
  /** of the volume, relative to the root */
  readonly path: string;
  /** the error that made the undo necessary */
  readonly cause: unknown;
}

/**
 * Undoes on disk what an operation left there, and resolves with whether that succeeded. Never rejects. `later` is what is retried,
 * if that is not `fn`: by then the state may have changed.
 */
export type Undo = (undoing: Undoing, fn: () => Promise<unknown>, later?: () => Promise<unknown>) => Promise<boolean>;

/** An undo that fails is logged in one form, and retried until it succeeds. */
export function createUndo(logger: Logger, retrier: Retrier): Undo {
  return async ({ operation, id, key, path, cause }, fn, later = fn) => {
    try {
      await fn();
      return true;
    } catch (error) {
      const about = { operation, id, key, path, error: errorText(error), because: errorText(cause) };
      logger.error(about, 'undo failed');
      retrier.add({ operation, id, key, path }, 'undo', async () => void (await later()));
      return false;
    }
  };
}

/** Retries operations with growing pauses until they succeed: for work that must succeed and that no client waits for. */
export interface Retrier {
  /** Runs `fn` after a pause, and again until it succeeds. `about` describes it in the log. */
  add(about: object, message: string, fn: () => Promise<void>): void;
  /** Ends all retries. Resolves when what is under way has ended. */
  close(): Promise<void>;
}

const firstPause = 500;
const maxPause = 60_000;

export function createRetrier(logger: Logger): Retrier {
  const timers = new Set<NodeJS.Timeout>();
  const underWay = new Set<Promise<void>>();
  let closed = false;
  const later = (pause: number, about: object, message: string, fn: () => Promise<void>) => {
    if (closed) return;
    const again = async () => {
      try {
        await fn();
        logger.info(about, `${message}: succeeded`);
      } catch (error) {
        if (closed) return;
        logger.error({ ...about, error: errorText(error) }, `${message} failed again`);
        later(Math.min(pause * 2, maxPause), about, message, fn);
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
    add: (about, message, fn) => later(firstPause, about, message, fn),
    close: async () => {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      await Promise.all(underWay);
    },
  };
}
