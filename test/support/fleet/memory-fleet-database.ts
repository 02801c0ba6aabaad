import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type {
  FleetChange,
  FleetDatabase,
  FleetImage,
  FleetIncident,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
  KeptEvent,
} from '../../../src/ports/fleet-database.ts';
import type { ClusterPosition } from '../../../src/ports/fleet-source.ts';

/** The tables as maps, by their primary keys. */
export interface FleetTables {
  at: ClusterPosition | undefined;
  readonly stores: Map<string, FleetStore>;
  readonly snapshots: Map<string, FleetSnapshot>;
  readonly incidents: Map<string, FleetIncident>;
  readonly usage: Map<string, FleetUsage>;
  readonly images: Map<string, FleetImage>;
  readonly kept: Map<string, KeptEvent>;
}

export const emptyTables = (): FleetTables => ({
  at: undefined,
  stores: new Map(),
  snapshots: new Map(),
  incidents: new Map(),
  usage: new Map(),
  images: new Map(),
  kept: new Map(),
});

/** A FleetDatabase over tables in memory. Reads and an apply take a turn of the event loop. */
export function memoryFleetDatabase(tables: FleetTables): FleetDatabase {
  const { stores, snapshots, usage, images } = tables;
  return {
    progress: async () => ({ at: tables.at, stores: [...stores.values()] }),
    snapshots: async (ids) => {
      await yieldToLoop();
      return ids.flatMap(({ store, id }) => snapshots.get(`${store} ${id}`) ?? []).filter(({ fold }) => fold !== null);
    },
    snapshotsOf: async (store) => {
      await yieldToLoop();
      return [...snapshots.values()].filter((row) => row.store === store && row.fold !== null);
    },
    usage: async (wanted) =>
      wanted.flatMap(({ store, namespace, day }) => usage.get(JSON.stringify([store, namespace, day])) ?? []),
    images: async (wanted) =>
      wanted.flatMap(({ store, namespace, name }) => images.get(JSON.stringify([store, namespace, name])) ?? []),
    apply: async (change) => {
      await yieldToLoop();
      applyTo(tables, change);
    },
    dropRemovedBefore: async () => [],
    swap: async () => {},
    close: async () => {},
  };
}

function applyTo(tables: FleetTables, change: FleetChange): void {
  const { stores, snapshots, incidents, usage, images, kept } = tables;
  for (const table of [snapshots, incidents, usage, images, kept] as const)
    for (const [key, { store }] of [...table]) if (change.restarted.includes(store)) table.delete(key);
  for (const row of change.stores) stores.set(row.store, row);
  for (const row of change.snapshots) snapshots.set(`${row.store} ${row.id}`, row);
  for (const row of change.incidents) incidents.set(`${row.store} ${row.position}`, row);
  for (const row of change.usage) usage.set(JSON.stringify([row.store, row.namespace, row.day]), row);
  for (const row of change.images) images.set(JSON.stringify([row.store, row.namespace, row.name]), row);
  for (const row of change.kept) kept.set(`${row.store} ${row.position}`, row);
  tables.at = change.at;
}
