import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { orNull, Whole } from '../events/codecs.ts';
import { quickDecoder } from '../events/quick-decoder.ts';
import { Root } from '../events/store-events.ts';
import { imageKey, type RecordedImage } from './images.ts';
import type { ReadableMap } from './latest/overlay-map.ts';
import { addNode } from './parent-graph.ts';
import {
  EmptyRow,
  emptyRow,
  RetainedRow,
  retainedRow,
  SnapshotRow,
  snapshotOf,
  snapshotRow,
  UsageRow,
  usageRow,
  VolumesRow,
  volumesRow,
} from './snapshot-rows.ts';
import { emptyState, type MutableState, type State } from './state.ts';
import type { StoreInfo } from './store-info.ts';

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

const PendingPurgeRow = t.tuple([t.literal('pendingPurge'), Whole, Whole, t.string], 'pendingPurge row');
const AdoptableRow = t.tuple([t.literal('adoptable'), t.string, Whole], 'adoptable row');

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
