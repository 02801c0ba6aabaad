import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { quarantineName } from '../reconcile/apply.ts';
import type { Journal } from './journal.ts';
import { pathOf } from './volume-of.ts';

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

/**
 * Entries at the path of a new snapshot's volume. An id is never used twice, so the daemon has not created them: they are moved to
 * quarantine before the id is used, and the event reserves the id.
 */
export interface ForeignVolumes {
  /** Whether there is an entry at the path of an id that was not used yet, or one is being moved from there. */
  has(id: number): boolean;
  /** Moves the entry to quarantine and resolves when that is recorded. Calls for one id share the work. Rejects with a Fault. */
  setAside(id: number): Promise<void>;
}

interface Context {
  readonly journal: Journal;
  readonly driver: Pick<VolumeDriver, 'isVacant' | 'quarantine'>;
}

export function createForeignVolumes({ journal, driver }: Context): ForeignVolumes {
  const underWay = new Map<number, Promise<void>>();
  const move = async (id: number) => {
    const path = pathOf(id);
    const found = { path, id, layer: false, complete: false, frozen: false, writable: false };
    const moved = await driver.quarantine(found, quarantineName(path, journal.latest.position));
    const why = `it was at the path of the new snapshot ${id}, for which nothing had been created`;
    await journal.record([{ type: 'OrphanQuarantined', data: { path, id, moved, why } }], {
      actor: reconcilerActor,
      reserve: true,
    });
  };
  return {
    has: (id) => underWay.has(id) || !driver.isVacant(id),
    setAside: (id) => {
      const moving = underWay.get(id) ?? move(id).finally(() => underWay.delete(id));
      underWay.set(id, moving);
      return moving;
    },
  };
}
