import type { StoreFacts } from '../../../src/ports/fleet-questions.ts';
import type { FleetRemoval } from '../../../src/ports/fleet-removal.ts';

const hour = 3_600_000_000_000n;

/** A store as questions show it. Its last event came an hour before `now`. */
export const storeFacts = (store: string, now: bigint, given: Partial<StoreFacts> = {}): StoreFacts => ({
  ...{ store, node: `node-${store}`, driver: 'overlay', version: '1', kernel: '6.1', fileSystem: 'ext4', root: '/r' },
  ...{ rootBytes: null, open: true, lineage: 1, first: 1, position: 10, stopped: false, indexed: now },
  ...{ lastEvent: now - hour, lastRecorded: now - hour, unknown: 0, fault: '', hint: '' },
  ...given,
});

export interface MemoryRemoval extends FleetRemoval {
  readonly stores: StoreFacts[];
  isClosed(): boolean;
}

/** A FleetRemoval over a list of stores, each of which has the same rows. */
export function memoryRemoval(...stores: StoreFacts[]): MemoryRemoval {
  let closed = false;
  const rows = { snapshots: 2, incidents: 1, usage: 3, images: 0, kept: 1 };
  return {
    stores,
    where: 'postgres://index@db:5432/fleet',
    isClosed: () => closed,
    count: async (choose) => ({ store: choose(stores), rows }),
    remove: async (choose) => {
      const store = choose(stores);
      stores.splice(stores.indexOf(store), 1);
      return { store, rows };
    },
    close: async () => {
      closed = true;
    },
  };
}
