import { decimalOf } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import type { Node, Root } from '../events/store-events.ts';

/** The store itself: its identity, the last snapshot id, and whether it was closed in order. */
export interface StoreInfo {
  /** empty before StoreCreated */
  readonly id: string;
  readonly driver: string;
  /** the highest snapshot id that any event names; ids are never used twice */
  readonly lastId: number;
  /** position of the newest StoreOpened, or of a LogRepaired after it; 0 before the first */
  readonly opened: number;
  /** kernel boot id at that opening */
  readonly boot: string;
  /** the root that was served then; null before the first opening, and after an import, which creates a new one */
  readonly root: Root | null;
  /** the machine at that opening; absent if an earlier release opened the store */
  readonly node?: Node;
  /** no StoreClosed follows the newest StoreOpened */
  readonly open: boolean;
  /** milliseconds: the machine's uptime at the newest event of this boot that states it; null before an opening does */
  readonly uptime: number | null;
  /** milliseconds that have certainly passed until then: within each boot from its first opening to the last uptime stated */
  readonly elapsed: number;
}

export const emptyStoreInfo: StoreInfo = {
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
 * `elapsed` at a later moment of the same boot. Never falls, and does not depend on the wall clock, which may be set at any
 * time. The time between two boots is not known and does not count.
 */
export function elapsedAt({ uptime, elapsed }: StoreInfo, now: number): number {
  return elapsed + Math.max(0, now - (uptime ?? now));
}

export function evolveStoreInfo(info: StoreInfo, envelope: Envelope): StoreInfo {
  const next = evolveFacts(info, envelope);
  const stated = decimalOf(envelope.meta.uptime);
  const counts = next.uptime !== null || envelope.event.type === 'StoreOpened';
  if (stated === undefined || !counts) return next;
  return { ...next, uptime: Math.max(stated, next.uptime ?? 0), elapsed: elapsedAt(next, stated) };
}

function evolveFacts(info: StoreInfo, { event, position }: Envelope): StoreInfo {
  switch (event.type) {
    case 'StoreCreated':
      return { ...info, id: event.data.store, driver: event.data.driver };
    case 'StoreImported':
      return { ...info, driver: event.data.driver, root: null };
    case 'StoreOpened': {
      const { node: _, ...before } = info;
      const { boot, root, node } = event.data;
      return {
        ...before,
        ...{ opened: position, boot, root, open: true, uptime: boot === info.boot ? info.uptime : null },
        ...(node !== undefined && { node }),
      };
    }
    case 'StoreClosed':
      return { ...info, open: false };
    case 'LogRepaired':
      // Lost events may have named any snapshot prepared before: none of them counts as unanswered.
      return { ...info, opened: position, lastId: Math.max(info.lastId, event.data.lastId) };
    case 'StoreTakenOver':
      return { ...info, lastId: Math.max(info.lastId, event.data.lastId) };
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'PrepareUndone':
    case 'OrphanQuarantined':
    case 'OrphanPurged': {
      const id = event.data.id ?? 0;
      return id > info.lastId ? { ...info, lastId: id } : info;
    }
    default:
      return info;
  }
}
