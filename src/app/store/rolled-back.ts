import type { Journal } from './journal.ts';

/**
 * Keeps new ids waiting while volumes of rolled-back prepares may still be on the disk. If a newer id became durable first, a crash
 * would leave such a volume below the last id, and recovery cannot distinguish an unused volume there from one with data.
 */
export interface RolledBack {
  /** The event of some prepares under way may be rolled back, and their volume not purged yet. */
  readonly pending: boolean;
  /** Resolves when those have ended, including their undo. */
  gone(): Promise<void>;
  /** Counts a prepare as under way, from the append on. Settles as it does. */
  track<T>(prepare: Promise<T>): Promise<T>;
}

export function createRolledBack(journal: Pick<Journal, 'rollbacks'>): RolledBack {
  const underWay = new Set<Promise<unknown>>();
  let seen = journal.rollbacks;
  return {
    get pending() {
      return seen !== journal.rollbacks;
    },
    gone: async () => {
      const { rollbacks } = journal;
      await Promise.allSettled(underWay);
      seen = Math.max(seen, rollbacks);
    },
    track: (prepare) => {
      underWay.add(prepare);
      return prepare.finally(() => underWay.delete(prepare));
    },
  };
}
