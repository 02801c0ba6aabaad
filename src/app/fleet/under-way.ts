import type { FleetChange, FleetDatabase, FleetRows } from '../../ports/fleet-database.ts';
import { imageKey } from './fold/images.ts';
import { keyOf as usageKey } from './fold/usage.ts';

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
      const found = new Map(rows.map((row) => [row.id, row]));
      for (const { snapshots, restarted } of all.toReversed()) {
        if (restarted.has(store)) found.clear();
        for (const row of snapshots.values()) if (row.store === store) found.set(row.id, row);
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

const snapshotKey = ({ store, id }: { readonly store: string; readonly id: number }) => `${store} ${id}`;

type Pending = ReturnType<typeof indexed>;

const indexed = (change: FleetChange, written: Promise<void>) => ({
  written,
  restarted: new Set(change.restarted),
  snapshots: new Map(change.snapshots.map((row) => [snapshotKey(row), row])),
  usage: new Map(change.usage.map((row) => [usageKey(row), row])),
  images: new Map(change.images.map((row) => [imageKey(row), row])),
});

/** The newest rows: of the changes, and of the database if they have none. What is final is left out, as the database does. */
async function over<Ref extends { readonly store: string }, Table extends 'snapshots' | 'usage' | 'images'>(
  changes: readonly Pending[],
  table: Table,
  keyOf: (ref: Ref) => string,
  wanted: readonly Ref[],
  read: (wanted: readonly Ref[]) => Promise<readonly FleetChange[Table][number][]>,
): Promise<readonly FleetChange[Table][number][]> {
  type Row = FleetChange[Table][number];
  const found: Row[] = [];
  const others: Ref[] = [];
  for (const ref of wanted) {
    const key = keyOf(ref);
    const change = changes.find((one) => one[table].has(key) || one.restarted.has(ref.store));
    const row = change?.[table].get(key) as Row | undefined;
    if (change === undefined) others.push(ref);
    else if (row !== undefined && !('fold' in row && row.fold === null)) found.push(row);
  }
  return others.length === 0 ? found : [...found, ...(await read(others))];
}
