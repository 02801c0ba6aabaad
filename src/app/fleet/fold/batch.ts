import type { Event } from '../../../../events/registry.ts';
import type {
  FleetChange,
  FleetImage,
  FleetRows,
  FleetSnapshot,
  FleetStore,
  SnapshotRef,
} from '../../../ports/fleet-database.ts';
import type { FleetBatch, FleetItem, StoreBatch } from '../../../ports/fleet-source.ts';
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

/** Events that are decoded, and folded in, together with the rows that they name: fewer would be more questions to the database. */
const groupSize = 512;

/** What a batch changes in the tables. Changes nothing itself. */
export async function foldBatch(
  { items, at }: Pick<FleetBatch<StoreBatch>, 'items' | 'at'>,
  reader: FleetReader,
): Promise<FleetChange> {
  const changes: StoreChange[] = [];
  const restarted: string[] = [];
  const now = reader.now();
  for await (const group of loadedGroups(items, reader))
    for (const { name, rows, ...one } of group) {
      const before = reader.stores.get(name);
      if (one.starts !== undefined && before !== undefined) restarted.push(name);
      changes.push(foldStore({ name, ...one, before, rows, now }));
    }
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

/** Stores with their items and rows. The next ones are decoded, and their rows asked for, before these are folded. */
async function* loadedGroups(batches: readonly StoreBatch[], reader: FleetReader): AsyncGenerator<readonly Loaded[]> {
  const groups = groupsOf(batches);
  let next = load(groups[0] ?? [], reader);
  for (let at = 1; at <= groups.length; at++) {
    const group = await next;
    next = load(groups[at] ?? [], reader);
    // It is awaited later, unless this group can't be folded.
    next.catch(() => {});
    yield group;
  }
}

function groupsOf(batches: readonly StoreBatch[]): readonly (readonly StoreBatch[])[] {
  const groups: StoreBatch[][] = [];
  let room = 0;
  for (const batch of batches) {
    if (room <= 0) {
      groups.push([]);
      room = groupSize;
    }
    groups.at(-1)?.push(batch);
    room -= batch.count;
  }
  return groups;
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

interface Loaded extends StoreItems {
  readonly name: string;
  /** The snapshots that the items name; all of the store for an event that concerns all of them. */
  readonly rows: readonly FleetSnapshot[];
}

async function load(batches: readonly StoreBatch[], { stores, rows }: FleetReader): Promise<readonly Loaded[]> {
  const loaded = new Map<string, Loaded & { rows: FleetSnapshot[] }>();
  const refs: SnapshotRef[] = [];
  for (const batch of batches) {
    const { store } = batch;
    const one = { name: store, ...afterStart(batch.items()), rows: [] as FleetSnapshot[] };
    loaded.set(store, one);
    if (one.starts !== undefined || !stores.has(store)) continue;
    if (one.items.some((item) => item.kind === 'event' && item.envelope.event.type === 'StoreImported'))
      one.rows = [...(await rows.snapshotsOf(store))];
    else for (const id of snapshotsIn(eventsIn(one.items))) refs.push({ store, id });
  }
  for (const row of refs.length === 0 ? [] : await rows.snapshots(refs)) loaded.get(row.store)?.rows.push(row);
  return [...loaded.values()];
}

/** The items of the last history that starts among them. */
function afterStart(all: readonly FleetItem[]): StoreItems {
  let starts: StoreItems['starts'];
  let lineages = 0;
  let items: StoreItems['items'][number][] = [];
  for (const item of all)
    if (item.kind === 'starts') {
      starts = item;
      lineages += 1;
      items = [];
    } else items.push(item);
  return { starts, lineages, items };
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
