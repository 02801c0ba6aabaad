import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Retrier } from './retrier.ts';

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
