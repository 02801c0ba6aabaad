import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { EmptyLayer, Kind, Labels, Nanoseconds, Whole } from '../events/codecs.ts';
import { quickDecoder } from '../events/quick-decoder.ts';
import { Root } from '../events/store-events.ts';
import { imageKey, type RecordedImage } from './images.ts';
import type { ReadableMap } from './overlay-map.ts';
import { addNode } from './parent-graph.ts';
import type { Snapshot } from './snapshot.ts';
import { emptyState, type MutableState, type State } from './state.ts';
import type { StoreInfo } from './store-info.ts';
import type { Retained, Wanted } from './volumes.ts';

const orNull = <A, O>(codec: t.Type<A, O, unknown>) => t.union([t.null, codec]);

/** namespace, name, target, layers */
const ImageCells = t.readonly(t.tuple([t.string, t.string, t.string, orNull(t.readonly(t.array(t.string)))]));
/**
 * What earlier releases do not know. They refuse rows of a kind that is new to them, but pass on fields that are new, unchanged:
 * these are valid only if `at` is the position of the row.
 */
const MoreCells = t.intersection([
  t.type({ at: Whole, images: t.readonly(t.array(ImageCells)) }),
  t.partial({ node: t.type({ name: t.string, kernel: t.string, fileSystem: t.string, bytes: Whole }) }),
]);
const StoreInfoCells = t.intersection([
  t.type({
    id: t.string,
    driver: t.string,
    lastId: Whole,
    opened: Whole,
    boot: t.string,
    root: orNull(Root),
    open: t.boolean,
    uptime: orNull(Whole),
    elapsed: Whole,
  }),
  t.partial({ more: MoreCells }),
]);
const StoreRow = t.tuple([t.literal('store'), Whole, StoreInfoCells], 'store row');

/** id, key, kind; parent's id and name; labels; created, updated. */
const snapshotCells = [
  t.tuple([Whole, t.string, Kind]),
  t.tuple([orNull(Whole), orNull(t.string)]),
  Labels,
  t.tuple([Nanoseconds, orNull(Nanoseconds)]),
] as const;
const SnapshotCells = t.tuple([...snapshotCells]);
type SnapshotCells = t.TypeOf<typeof SnapshotCells>;

const SnapshotRow = t.tuple([t.literal('snapshot'), ...snapshotCells], 'snapshot row');
const VolumeCells = t.tuple([Whole, Kind, Whole, t.tuple([t.boolean, t.boolean, t.boolean]), orNull(t.string)]);
const VolumesRow = t.tuple([t.literal('volumes'), t.array(VolumeCells)], 'volumes row');
const UsageRow = t.tuple([t.literal('usage'), t.array(t.tuple([Whole, Whole, Whole]))], 'usage row');
const PendingPurgeRow = t.tuple([t.literal('pendingPurge'), Whole, Whole, t.string], 'pendingPurge row');
const Removal = t.type({
  ...{ since: Whole, removed: Nanoseconds, elapsed: Whole, prepared: Whole },
  ...{ flushed: t.boolean, diffId: orNull(t.string), parentless: t.boolean },
});
const RetainedRow = t.tuple([t.literal('retained'), SnapshotCells, Removal], 'retained row');
const AdoptableRow = t.tuple([t.literal('adoptable'), t.string, Whole], 'adoptable row');

const EmptyRow = t.tuple([t.literal('empty'), Whole, EmptyLayer], 'empty row');

/**
 * The state as it is at the call, as rows of plain JSON for a checkpoint: the store, then the entries of each projection except
 * the parent graph, which follows from the snapshots. The call copies references only; a row is made when it is asked for.
 */
export function toRows({ position, storeInfo, index, volumes, usage, images }: State): IterableIterator<unknown> {
  const snapshots = [...index.values()];
  const wanted = batchesOf(volumes.wanted);
  const measured = batchesOf(usage);
  const pendingPurge = [...volumes.pendingPurge];
  const retained = [...volumes.retained.values()];
  const adoptable = [...volumes.adoptable];
  const empty = [...volumes.empty];
  const recorded = [...images.values()];
  function* rows(): IterableIterator<unknown> {
    yield storeRow({ position, storeInfo }, recorded);
    const keys = new Map<number | null, string>([[null, '']]);
    for (const snapshot of snapshots) {
      yield snapshotRow(snapshot, keys);
      keys.set(snapshot.id, snapshot.key);
    }
    for (const batch of wanted) yield volumesRow(batch);
    for (const batch of measured) yield usageRow(batch);
    for (const [id, { since, why }] of pendingPurge) yield PendingPurgeRow.encode(['pendingPurge', id, since, why]);
    for (const layer of retained) yield retainedRow(layer);
    for (const [key, id] of adoptable) yield AdoptableRow.encode(['adoptable', key, id]);
    for (const [id, layer] of empty) yield emptyRow(id, layer);
  }
  return rows();
}

function storeCells(
  at: number,
  { node, ...info }: StoreInfo,
  images: readonly RecordedImage[],
): t.TypeOf<typeof StoreInfoCells> {
  if (node === undefined && images.length === 0) return info;
  const cells = images.map(({ namespace, name, target, layers }) => [namespace, name, target, layers] as const);
  return { ...info, more: { at, images: cells, ...(node !== undefined && { node }) } };
}

/** The row of the store itself, the first one of `toRows`; without images unless they are passed. */
export const storeRow = (
  { position, storeInfo }: Pick<State, 'position' | 'storeInfo'>,
  images: readonly RecordedImage[] = [],
): unknown => StoreRow.encode(['store', position, storeCells(position, storeInfo, images)]);

/**
 * The rows of one snapshot, existing or retained, as those of `toRows`, except what concerns the disk (a pending purge) or other
 * snapshots as well (adoption candidates). None for any other id. `key` is the snapshot's.
 */
export function rowsOfSnapshot({ index, volumes, usage }: State, id: number, key: string): readonly unknown[] {
  const snapshot = index.get(key);
  const existing = snapshot?.id === id;
  const retained = volumes.retained.get(id);
  if (!existing && retained === undefined) return [];
  const [wanted, measured, empty] = [volumes.wanted.get(id), usage.get(id), volumes.empty.get(id)];
  const rows: unknown[] = existing ? [snapshotRow(snapshot, noKeys)] : [];
  if (wanted !== undefined) rows.push(volumesRow([[id, wanted]]));
  if (measured !== undefined) rows.push(usageRow([[id, measured]]));
  if (retained !== undefined) rows.push(retainedRow(retained));
  if (empty !== undefined) rows.push(emptyRow(id, empty));
  return rows;
}

const snapshotRow = (snapshot: Snapshot, keys: ReadonlyMap<number | null, string>): unknown =>
  SnapshotRow.encode(['snapshot', ...cellsOf(snapshot, keys)]);

const volumesRow = (batch: readonly (readonly [number, Wanted])[]): unknown =>
  VolumesRow.encode([
    'volumes',
    batch.map(([id, { kind, prepared, touched, flushed, diffId, parentless }]) => [
      id,
      kind,
      prepared,
      [touched, flushed, parentless],
      diffId,
    ]),
  ]);

const usageRow = (
  batch: readonly (readonly [number, { readonly bytes: number; readonly inodes: number }])[],
): unknown => UsageRow.encode(['usage', batch.map(([id, { bytes, inodes }]) => [id, bytes, inodes])]);

const retainedRow = ({ snapshot, ...removal }: Retained): unknown =>
  RetainedRow.encode(['retained', cellsOf(snapshot, noKeys), removal]);

const emptyRow = (id: number, layer: EmptyLayer): unknown => EmptyRow.encode(['empty', id, layer]);

/** Entries in a row of many: one is made in less than a millisecond. */
const batchLength = 500;

/** The entries of a map as they are now. To list keys and values takes a tenth of the time of a list of pairs. */
function batchesOf<K, V>(map: ReadableMap<K, V>): Iterable<readonly (readonly [K, V])[]> {
  const [keys, values] = [[...map.keys()], [...map.values()]];
  return {
    *[Symbol.iterator]() {
      for (let from = 0; from < keys.length; from += batchLength)
        yield keys.slice(from, from + batchLength).map((key, at) => [key, values[from + at] as V] as const);
    },
  };
}

const noKeys: ReadonlyMap<number | null, string> = new Map();

/** The parent's name is left out if it is the key of a row before with its id: names are long. */
function cellsOf(snapshot: Snapshot, keys: ReadonlyMap<number | null, string>): SnapshotCells {
  const { id, key, kind, parentId, parent, labels, created, updated } = snapshot;
  const descent = [parentId, keys.get(parentId) === parent ? null : parent] as const;
  return [[id, key, kind], [...descent], labels, [created, updated === created ? null : updated]];
}

function snapshotOf([[id, key, kind], [parentId, parent], labels, [created, updated]]: SnapshotCells): Snapshot {
  return { id, key, kind, parent: parent ?? '', parentId, labels, created, updated: updated ?? created };
}

/** Adds a row to a state; returns what is wrong with it, if anything. */
type AddRow = (state: MutableState, row: unknown) => string | undefined;

function adding<Row>(codec: t.Type<Row, unknown, unknown>, add: (state: MutableState, row: Row) => void): AddRow {
  const decode = quickDecoder(codec);
  return (state, row) => {
    const decoded = decode(row);
    if (either.isLeft(decoded)) return decoded.left;
    add(state, decoded.right);
    return undefined;
  };
}

const rowKinds = new Map<unknown, AddRow>([
  [
    'store',
    adding(StoreRow, (state, [, position, { more, ...storeInfo }]) => {
      const { node, images = [] } = more?.at === position ? more : {};
      Object.assign(state, { position, storeInfo: node === undefined ? storeInfo : { ...storeInfo, node } });
      for (const [namespace, name, target, layers] of images)
        state.images.set(imageKey(namespace, name), { namespace, name, target, layers });
    }),
  ],
  [
    'snapshot',
    adding(SnapshotRow, ({ index, parentGraph }, [, identity, [parentId, parent], labels, times]) => {
      const name = parent ?? (parentId === null ? '' : (parentGraph.get(parentId)?.key ?? ''));
      const snapshot = snapshotOf([identity, [parentId, name], labels, times]);
      index.set(snapshot.key, snapshot);
      addNode(parentGraph, snapshot);
    }),
  ],
  [
    'volumes',
    adding(VolumesRow, ({ volumes }, [, batch]) => {
      for (const [id, kind, prepared, [touched, flushed, parentless], diffId] of batch)
        volumes.wanted.set(id, { kind, prepared, touched, flushed, diffId, parentless });
    }),
  ],
  [
    'usage',
    adding(UsageRow, ({ usage }, [, batch]) => {
      for (const [id, bytes, inodes] of batch) usage.set(id, { bytes, inodes });
    }),
  ],
  [
    'pendingPurge',
    adding(PendingPurgeRow, ({ volumes }, [, id, since, why]) => volumes.pendingPurge.set(id, { since, why })),
  ],
  [
    'retained',
    adding(RetainedRow, ({ volumes }, [, cells, removal]) => {
      const snapshot = snapshotOf(cells);
      volumes.retained.set(snapshot.id, { snapshot, ...removal });
    }),
  ],
  ['adoptable', adding(AdoptableRow, ({ volumes }, [, key, id]) => volumes.adoptable.set(key, id))],
  ['empty', adding(EmptyRow, ({ volumes }, [, id, layer]) => volumes.empty.set(id, layer))],
]);

/** Whether rows say all that this release writes about a state; an earlier one leaves out what it does not know. */
export function areComplete(rows: Iterable<unknown>): boolean {
  const [first] = rows;
  const row = StoreRow.decode(first);
  return either.isRight(row) && row.right[2].more?.at === row.right[1];
}

/** The state of which these are the rows, or what is wrong with the first row that is none. */
export function fromRows(rows: Iterable<unknown>): either.Either<string, MutableState> {
  const state = emptyState();
  let count = 0;
  for (const row of rows) {
    count += 1;
    const kind: unknown = Array.isArray(row) ? row[0] : undefined;
    const add = (kind === 'store') === (count === 1) ? rowKinds.get(kind) : undefined;
    const wrong = add === undefined ? 'is of no kind that is expected there' : add(state, row);
    if (wrong !== undefined) return either.left(`row ${count}: ${wrong}`);
  }
  return count === 0 ? either.left('there is no row') : either.right(state);
}
