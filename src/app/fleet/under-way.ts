import type { FleetChange, FleetDatabase, FleetRows } from '../../ports/fleet-database.ts';
import { imageKey } from './fold/images.ts';
import { keyOf as usageKey } from './fold/usage.ts';

/** A database that is read while a change is being written: reads already include that change. */
export interface UnderWay extends FleetRows, Pick<FleetDatabase, 'apply'> {}

/** One change may be under way at a time. */
export function createUnderWay(database: FleetDatabase): UnderWay {
  let pending = noChange;
  return {
    snapshots: async (ids) => {
      const { snapshots, restarted } = pending;
      const found = ids.flatMap(({ store, id }) => snapshots.get(`${store} ${id}`) ?? []);
      const others = ids.filter(({ store, id }) => !restarted.has(store) && !snapshots.has(`${store} ${id}`));
      const stored = others.length === 0 ? [] : await database.snapshots(others);
      return [...found.filter(({ fold }) => fold !== null), ...stored];
    },
    snapshotsOf: async (store) => {
      const { snapshots, restarted } = pending;
      const stored = restarted.has(store) ? [] : await database.snapshotsOf(store);
      const found = [...snapshots.values()].filter((row) => row.store === store && row.fold !== null);
      return [...stored.filter(({ id }) => !snapshots.has(`${store} ${id}`)), ...found];
    },
    usage: (wanted) => over(pending.usage, usageKey, pending.restarted, wanted, database.usage),
    images: (wanted) => over(pending.images, imageKey, pending.restarted, wanted, database.images),
    apply: async (change) => {
      pending = indexed(change);
      await database.apply(change);
      pending = noChange;
    },
  };
}

const indexed = (change: Pick<FleetChange, 'restarted' | 'snapshots' | 'usage' | 'images'>) => ({
  restarted: new Set(change.restarted),
  snapshots: new Map(change.snapshots.map((row) => [`${row.store} ${row.id}`, row])),
  usage: new Map(change.usage.map((row) => [usageKey(row), row])),
  images: new Map(change.images.map((row) => [imageKey(row), row])),
});
const noChange = indexed({ restarted: [], snapshots: [], usage: [], images: [] });

/** Rows of a change, and those of the database that it does not replace. */
async function over<Ref extends { readonly store: string }, Row extends Ref>(
  changed: ReadonlyMap<string, Row>,
  keyOf: (ref: Ref) => string,
  restarted: ReadonlySet<string>,
  wanted: readonly Ref[],
  read: (wanted: readonly Ref[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const found = wanted.flatMap((ref) => changed.get(keyOf(ref)) ?? []);
  const others = wanted.filter((ref) => !restarted.has(ref.store) && !changed.has(keyOf(ref)));
  return others.length === 0 ? found : [...found, ...(await read(others))];
}
