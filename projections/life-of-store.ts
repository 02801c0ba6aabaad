import type { Envelope } from '../events/envelope.ts';

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
  /** no StoreClosed stands after the newest StoreOpened */
  readonly open: boolean;
}

export const unborn: LifeOfStore = { id: '', driver: '', lastId: 0, opened: 0, boot: '', open: false };

export function evolveLife(life: LifeOfStore, { event, position }: Envelope): LifeOfStore {
  switch (event.type) {
    case 'StoreCreated':
      return { ...life, id: event.data.store, driver: event.data.driver };
    case 'StoreImported':
      return { ...life, driver: event.data.driver };
    case 'StoreOpened':
      return { ...life, opened: position, boot: event.data.boot, open: true };
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
