import type { Journal } from './journal.ts';

/**
 * Keeps new numbers waiting while volumes of numbers that the log has given back may still be on the disk. Were a newer number
 * durable before they are gone, a crash would leave them below the log's last one, where nothing tells a volume that nobody
 * was ever given from one that somebody has written into.
 */
export interface GivenBack {
  /** Some of the prepares under way may have lost their event, and not yet their volume. */
  readonly pending: boolean;
  /** Resolves when those have ended, their undoing included. */
  gone(): Promise<void>;
  /** Takes note of a prepare whose event the log has taken; answers as it does. */
  track<T>(prepare: Promise<T>): Promise<T>;
}

export function createGivenBack(journal: Pick<Journal, 'setbacks'>): GivenBack {
  const underWay = new Set<Promise<unknown>>();
  let seen = journal.setbacks;
  return {
    get pending() {
      return seen !== journal.setbacks;
    },
    gone: async () => {
      const { setbacks } = journal;
      await Promise.allSettled(underWay);
      seen = Math.max(seen, setbacks);
    },
    track: async (prepare) => {
      underWay.add(prepare);
      try {
        return await prepare;
      } finally {
        underWay.delete(prepare);
      }
    },
  };
}
