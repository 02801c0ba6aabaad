import type { Event } from '../../../../events/registry.ts';
import type {
  FleetChange,
  FleetImage,
  FleetRows,
  FleetSnapshot,
  FleetStore,
  SnapshotRef,
} from '../../../ports/fleet-database.ts';
import type { FleetBatch, FleetItem } from '../../../ports/fleet-source.ts';
import { imageKey } from './images.ts';
import { snapshotsIn } from './snapshots.ts';
import { foldStore, type StoreChange, type StoreItems } from './store.ts';
import { completed, keyOf, type UsageDraft } from './usage.ts';

/** What a fold may look up. */
export interface FleetReader {
  /** each store as it was indexed */
  readonly stores: ReadonlyMap<string, FleetStore>;
  readonly rows: FleetRows;
  /** nanoseconds since 1970 UTC: the time of what no event says */
  readonly now: () => bigint;
}

/** What a batch changes in the tables. Changes nothing itself. */
export async function foldBatch(
  { items, at }: Pick<FleetBatch, 'items' | 'at'>,
  reader: FleetReader,
): Promise<FleetChange> {
  const batches = byStore(items);
  const loaded = await load(batches, reader);
  const changes: StoreChange[] = [];
  const now = reader.now();
  for (const [name, one] of batches)
    changes.push(foldStore({ name, ...one, before: reader.stores.get(name), rows: loaded.get(name) ?? [], now }));
  const restarted = [...batches].flatMap(([name, { starts }]) =>
    starts !== undefined && reader.stores.has(name) ? [name] : [],
  );
  const drafts = all(changes, 'usage');
  await complete(drafts, new Set(restarted), reader.rows);
  return {
    at,
    restarted,
    stores: changes.map(({ store }) => store()),
    snapshots: all(changes, 'snapshots'),
    incidents: all(changes, 'incidents'),
    usage: drafts.map(({ partial: _, ...row }) => row),
    images: await imagesOf(changes, new Set(restarted), reader.rows),
    kept: all(changes, 'kept'),
  };
}

/** The rows of all stores: a few of each of a thousand. */
function all<Table extends 'usage' | 'snapshots' | 'incidents' | 'kept'>(
  changes: readonly StoreChange[],
  table: Table,
): readonly StoreChange[Table][number][] {
  const rows: StoreChange[Table][number][] = [];
  for (const change of changes) for (const row of change[table]) rows.push(row);
  return rows;
}

function byStore(items: readonly FleetItem[]): ReadonlyMap<string, StoreItems> {
  const stores = new Map<
    string,
    { starts: StoreItems['starts']; lineages: number; items: StoreItems['items'][number][] }
  >();
  for (const item of items) {
    let one = stores.get(item.store);
    if (one === undefined) {
      one = { starts: undefined, lineages: 0, items: [] };
      stores.set(item.store, one);
    }
    if (item.kind !== 'starts') one.items.push(item);
    else Object.assign(one, { starts: item, lineages: one.lineages + 1, items: [] });
  }
  return stores;
}

/** The snapshots that a batch names, by store; all of a store for an event that concerns all of them. */
async function load(
  batches: ReadonlyMap<string, StoreItems>,
  { stores, rows }: FleetReader,
): Promise<ReadonlyMap<string, readonly FleetSnapshot[]>> {
  const loaded = new Map<string, FleetSnapshot[]>();
  const refs: SnapshotRef[] = [];
  for (const [store, { starts, items }] of batches) {
    if (starts !== undefined || !stores.has(store)) continue;
    if (items.some((item) => item.kind === 'event' && item.envelope.event.type === 'StoreImported'))
      loaded.set(store, [...(await rows.snapshotsOf(store))]);
    else for (const id of snapshotsIn(eventsIn(items))) refs.push({ store, id });
  }
  for (const row of refs.length === 0 ? [] : await rows.snapshots(refs)) {
    const found = loaded.get(row.store);
    if (found === undefined) loaded.set(row.store, [row]);
    else found.push(row);
  }
  return loaded;
}

function* eventsIn(items: StoreItems['items']): Iterable<Event> {
  for (const item of items) if (item.kind === 'event') yield item.envelope.event;
}

/** Days that were indexed before have counts already. */
async function complete(drafts: readonly UsageDraft[], restarted: ReadonlySet<string>, rows: FleetRows): Promise<void> {
  const partial = drafts.filter((row) => row.partial);
  const wanted = partial
    .filter(({ store }) => !restarted.has(store))
    .map(({ store, namespace, day }) => ({ store, namespace, day }));
  const stored = new Map((wanted.length === 0 ? [] : await rows.usage(wanted)).map((row) => [keyOf(row), row]));
  for (const row of partial) completed(row, stored.get(keyOf(row)));
}

/** A deleted image keeps what was known of it; one that was not known has no row. */
async function imagesOf(
  changes: readonly StoreChange[],
  restarted: ReadonlySet<string>,
  rows: FleetRows,
): Promise<readonly FleetImage[]> {
  const changed = changes.flatMap(({ images }) => images.changed());
  const deleted = changes.flatMap(({ images }) => images.deleted()).filter(({ store }) => !restarted.has(store));
  if (deleted.length === 0) return changed;
  const stored = new Map((await rows.images(deleted)).map((row) => [imageKey(row), row]));
  const ended = deleted.flatMap((ref) => {
    const row = stored.get(imageKey(ref));
    return row === undefined ? [] : [{ ...row, deleted: ref.at }];
  });
  return [...changed, ...ended];
}
