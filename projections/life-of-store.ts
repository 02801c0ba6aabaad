import { decimalOf } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import type { Root } from '../events/store-events.ts';

/** The store's own life: who it is, what was numbered last, and whether it was left in order. */
export interface LifeOfStore {
  /** empty before StoreCreated */
  readonly id: string;
  readonly driver: string;
  /** the highest snapshot id that any event names; ids are never used twice */
  readonly lastId: number;
  /** position of the newest StoreOpened, or of a LogRepaired after it; 0 before the first */
  readonly opened: number;
  /** kernel boot id at that opening */
  readonly boot: string;
  /** the root that was served then; null before the first opening, and after an import, which makes a new one */
  readonly root: Root | null;
  /** no StoreClosed stands after the newest StoreOpened */
  readonly open: boolean;
  /** The machine's uptime at the newest event of this boot that states it, in milliseconds; null before an opening does. */
  readonly uptime: number | null;
  /** Milliseconds that have passed for certain until then: within each boot from its first opening to the last uptime stated. */
  readonly elapsed: number;
}

export const unborn: LifeOfStore = {
  id: '',
  driver: '',
  lastId: 0,
  opened: 0,
  boot: '',
  root: null,
  open: false,
  uptime: null,
  elapsed: 0,
};

/**
 * `elapsed` at a later moment of the same boot. Never falls, and knows nothing of the wall clock: that may be set at any time.
 * What passes between two boots is not known, and does not count.
 */
export function elapsedAt({ uptime, elapsed }: LifeOfStore, now: number): number {
  return elapsed + Math.max(0, now - (uptime ?? now));
}

export function evolveLife(life: LifeOfStore, envelope: Envelope): LifeOfStore {
  const next = evolveFacts(life, envelope);
  const stated = decimalOf(envelope.meta.uptime);
  const counts = next.uptime !== null || envelope.event.type === 'StoreOpened';
  if (stated === undefined || !counts) return next;
  return { ...next, uptime: Math.max(stated, next.uptime ?? 0), elapsed: elapsedAt(next, stated) };
}

function evolveFacts(life: LifeOfStore, { event, position }: Envelope): LifeOfStore {
  switch (event.type) {
    case 'StoreCreated':
      return { ...life, id: event.data.store, driver: event.data.driver };
    case 'StoreImported':
      return { ...life, driver: event.data.driver, root: null };
    case 'StoreOpened':
      return {
        ...life,
        ...{ opened: position, boot: event.data.boot, root: event.data.root, open: true },
        uptime: event.data.boot === life.boot ? life.uptime : null,
      };
    case 'StoreClosed':
      return { ...life, open: false };
    case 'LogRepaired':
      // Lost events may have spoken of anything prepared before: none of it counts as never answered.
      return { ...life, opened: position, lastId: Math.max(life.lastId, event.data.lastId) };
    case 'SnapshotPrepared':
    case 'PrepareUndone':
    case 'OrphanQuarantined':
    case 'OrphanPurged': {
      const id = event.data.id ?? 0;
      return id > life.lastId ? { ...life, lastId: id } : life;
    }
    default:
      return life;
  }
}
