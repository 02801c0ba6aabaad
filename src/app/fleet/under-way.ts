import type { FleetChange, FleetDatabase, FleetRows, ImageRef, UsageRef } from '../../ports/fleet-database.ts';

/** A database that is read while changes are being written: reads already include them. */
export interface UnderWay extends FleetRows {
  /** Writes a change after those before it. Rejects if it, or one before it, was not written: then nothing more is. */
  apply(change: FleetChange): Promise<void>;
  /** Resolves when fewer than so many changes are under way. Rejects if one was not written. */
  below(count: number): Promise<void>;
}

export function createUnderWay(database: FleetDatabase): UnderWay {
  /** the newest first */
  let changes: readonly Pending[] = [];
  let last = Promise.resolve();
  return {
    snapshots: (ids) => over(changes, 'snapshots', snapshotKey, ids, database.snapshots),
    usage: (wanted) => over(changes, 'usage', usageKey, wanted, database.usage),
    images: (wanted) => over(changes, 'images', imageKey, wanted, database.images),
    snapshotsOf: async (store) => {
      const all = changes;
      const rows = all.some(({ restarted }) => restarted.has(store)) ? [] : await database.snapshotsOf(store);
      const found = new Map<Key, (typeof rows)[number]>(rows.map((row) => [row.id, row]));
      for (const { snapshots, restarted } of all.toReversed()) {
        if (restarted.has(store)) found.clear();
        for (const [id, row] of snapshots.get(store) ?? []) found.set(id, row);
      }
      return [...found.values()].filter(({ fold }) => fold !== null);
    },
    apply: (change) => {
      const before = last;
      const write = async () => {
        await before;
        await database.apply(change);
        changes = changes.slice(0, -1);
      };
      const written = write();
      changes = [indexed(change, written), ...changes];
      last = written;
      return written;
    },
    below: async (count) => {
      await changes[count - 1]?.written;
    },
  };
}

/** What identifies a row of a store. */
type Key = string | number;
const snapshotKey = ({ id }: { readonly id: number }): Key => id;
const usageKey = ({ namespace, day }: UsageRef): Key => `${day} ${namespace}`;
const imageKey = ({ namespace, name }: ImageRef): Key => JSON.stringify([namespace, name]);

type ByStore<Row> = ReadonlyMap<string, ReadonlyMap<Key, Row>>;

function byStore<Row extends { readonly store: string }>(rows: readonly Row[], keyOf: (row: Row) => Key): ByStore<Row> {
  const stores = new Map<string, Map<Key, Row>>();
  for (const row of rows) {
    const those = stores.get(row.store);
    if (those === undefined) stores.set(row.store, new Map([[keyOf(row), row]]));
    else those.set(keyOf(row), row);
  }
  return stores;
}

type Pending = ReturnType<typeof indexed>;

const indexed = (change: FleetChange, written: Promise<void>) => ({
  written,
  restarted: new Set(change.restarted),
  snapshots: byStore(change.snapshots, snapshotKey),
  usage: byStore(change.usage, usageKey),
  images: byStore(change.images, imageKey),
});

/** The newest rows: of the changes, and of the database if they have none. What is final is left out, as the database does. */
async function over<Ref extends { readonly store: string }, Table extends 'snapshots' | 'usage' | 'images'>(
  changes: readonly Pending[],
  table: Table,
  keyOf: (ref: Ref) => Key,
  wanted: readonly Ref[],
  read: (wanted: readonly Ref[]) => Promise<readonly FleetChange[Table][number][]>,
): Promise<readonly FleetChange[Table][number][]> {
  type Row = FleetChange[Table][number];
  const found: Row[] = [];
  const others: Ref[] = [];
  for (const ref of wanted) {
    const newest = newestOf<Row>(changes, table, ref.store, keyOf(ref));
    if (newest === undefined) others.push(ref);
    else if (newest !== null && !('fold' in newest && newest.fold === null)) found.push(newest);
  }
  return others.length === 0 ? found : [...found, ...(await read(others))];
}

/** The row in the newest change that has it; null if its store began again without it, undefined if no change says anything of it. */
function newestOf<Row>(
  changes: readonly Pending[],
  table: 'snapshots' | 'usage' | 'images',
  store: string,
  key: Key,
): Row | null | undefined {
  for (const change of changes) {
    const row = change[table].get(store)?.get(key);
    if (row !== undefined) return row as Row;
    if (change.restarted.has(store)) return null;
  }
  return undefined;
}
