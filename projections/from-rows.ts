import * as either from 'fp-ts/lib/Either.js';
import { decodeWith } from '../events/codecs.ts';
import { quickDecoder } from '../events/quick-decoder.ts';
import { readLines } from './cells-table.ts';
import { fromTable, type LivingMaps } from './from-table.ts';
import { childless, type ParentNode } from './parent-graph.ts';
import { mapOf } from './persistent-map.ts';
import { AdoptableRow, PendingPurgeRow, RetainedRow, SnapshotCells, SnapshotRow, StoreRow } from './row-codecs.ts';
import type { Snapshot } from './snapshot.ts';
import { initialState, type State } from './state.ts';
import { emptyUsage } from './usage.ts';
import type { PendingPurge, Retained, Wanted } from './volumes.ts';

/** A value that nobody else holds yet. */
type Fresh<T> = { -readonly [K in keyof T]: T[K] };

/** What the rows have told so far. Most maps are built of it at once, which costs a fraction of as many changes to them. */
interface Draft {
  readonly snapshots: Fresh<Snapshot>[];
  /** of the snapshots in the same places */
  readonly wanted: Wanted[];
  readonly usage: [id: number, { readonly bytes: number; readonly inodes: number }][];
  readonly doomed: [id: number, PendingPurge][];
  readonly retained: [id: number, Retained][];
  readonly offered: [offer: string, id: number][];
}

/** Rows, with the lines of JSON that they are parsed from, where there are such. */
export interface Rows extends Iterable<unknown> {
  readonly lines?: { readonly bytes: Buffer; readonly count: number };
}

/**
 * The state that gave the rows, or what is wrong with them. Where there are lines, snapshots stay text until somebody looks
 * at them; what is wrong with one is then found there, and thrown. Other rows are gone through once, one at a time.
 */
export function fromRows(rows: Rows): either.Either<string, State> {
  const deferred = rows.lines === undefined ? undefined : deferredLiving(rows.lines);
  return deferred === undefined ? fromAllRows(rows) : stateOf(deferred.others, deferred.living);
}

/** Undefined where the lines are not such as `toRows` makes them in this release. The first is the life's. */
function deferredLiving({
  bytes,
  count,
}: Required<Rows>['lines']): { living: LivingMaps; others: readonly unknown[] } | undefined {
  const read = readLines(bytes, count);
  if (read === undefined || read.others.slice(1).some((row) => readerOf(row) === readSnapshot)) return undefined;
  const living = fromTable(read.table);
  return living && { living, others: read.others };
}

/** The state that gave the rows, all of which are looked at, or what is wrong with the first that is no row. */
export const fromAllRows = (rows: Iterable<unknown>): either.Either<string, State> => stateOf(rows);

function stateOf(rows: Iterable<unknown>, living?: LivingMaps): either.Either<string, State> {
  const iterator = rows[Symbol.iterator]();
  const life = decodeWith(StoreRow, iterator.next().value);
  if (either.isLeft(life)) return either.left(`first row: ${life.left}`);
  const draft: Draft = { snapshots: [], wanted: [], usage: [], doomed: [], retained: [], offered: [] };
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    const wrong = readerOf(next.value)(draft, next.value);
    if (wrong !== undefined) return either.left(wrong);
  }
  const { row: _, position, ...storeInfo } = life.right;
  return either.right({ ...initialState, position, storeInfo, ...mapsOf(draft, living ?? livingOf(draft)) });
}

/** Notes what a row says; answers what is wrong with it, if anything. */
type ReadRow = (draft: Draft, row: unknown) => string | undefined;

function readerOf(row: unknown): ReadRow {
  if (Array.isArray(row)) return readCells;
  return readers[String((row as { row?: unknown } | null)?.row)] ?? readSnapshot;
}

function reader<Row>(codec: Parameters<typeof quickDecoder<Row>>[0], note: (draft: Draft, row: Row) => void): ReadRow {
  const decode = quickDecoder(codec);
  return (draft, row) => {
    const decoded = decode(row);
    if (either.isLeft(decoded)) return decoded.left;
    note(draft, decoded.right);
    return undefined;
  };
}

const readCells = reader(SnapshotCells, ({ snapshots, wanted, usage }, [identity, descent, labels, times, marks]) => {
  const [id, key, kind] = identity;
  const [parentId, parent] = descent;
  const [created, updated] = times;
  const [prepared, touched, flushed, bytes, inodes] = marks;
  // Where it is null the parent's own key takes its place, when all are known.
  snapshots.push({ id, key, kind, parent: parent ?? '', parentId, labels, created, updated: updated ?? created });
  wanted.push({ kind, prepared, touched, flushed });
  if (bytes !== null) usage.push([id, { bytes, inodes: inodes ?? 0 }]);
});

const readSnapshot = reader(SnapshotRow, ({ snapshots, wanted, usage }, decoded) => {
  const { row: _, usage: measured, prepared, touched, flushed, ...snapshot } = decoded;
  snapshots.push(snapshot);
  wanted.push({ kind: snapshot.kind, prepared, touched, flushed });
  if (measured !== null) usage.push([snapshot.id, measured]);
});

/** Rows beside those of living snapshots. */
const readers: Readonly<Record<string, ReadRow>> = {
  pendingPurge: reader(PendingPurgeRow, ({ doomed }, { id, since, why }) => doomed.push([id, { since, why }])),
  retained: reader(RetainedRow, ({ retained, usage }, decoded) => {
    const { row: _, usage: measured, since, removed, elapsed, prepared, flushed, ...snapshot } = decoded;
    retained.push([snapshot.id, { snapshot, since, removed, elapsed, prepared, flushed }]);
    if (measured !== null) usage.push([snapshot.id, measured]);
  }),
  adoptable: reader(AdoptableRow, ({ offered }, { key, id }) => offered.push([key, id])),
};

function mapsOf(
  { usage, doomed, retained, offered }: Draft,
  living: LivingMaps,
): Omit<State, 'position' | 'storeInfo'> {
  return {
    index: living.index,
    parentGraph: living.parentGraph,
    volumes: {
      wanted: living.wanted,
      pendingPurge: mapOf(doomed),
      retained: mapOf(retained),
      adoptable: mapOf(offered),
    },
    usage: usage.reduce((map, [id, measured]) => map.set(id, measured), living.usage.thaw()).freeze(),
  };
}

/** The usage of all is built with that of the retained. */
function livingOf({ snapshots, wanted }: Draft): LivingMaps {
  return {
    index: mapOf(snapshots.map((snapshot) => [snapshot.key, snapshot])),
    parentGraph: mapOf(descentsOf(snapshots)),
    wanted: mapOf(wanted.map((one, at) => [snapshots[at]?.id ?? 0, one])),
    usage: emptyUsage,
  };
}

/** Child links are not in the rows: they follow from the parents. The parent's name is one string with the parent's own key. */
function descentsOf(snapshots: readonly Fresh<Snapshot>[]): ReadonlyMap<number, ParentNode> {
  const descents = new Map<number, Fresh<ParentNode>>();
  for (const { id, key, parentId } of snapshots) descents.set(id, { key, parentId, children: childless });
  for (const snapshot of snapshots) {
    const parent = snapshot.parentId === null ? undefined : descents.get(snapshot.parentId);
    if (parent === undefined) continue;
    if (snapshot.parent === '' || snapshot.parent === parent.key) snapshot.parent = parent.key;
    parent.children = parent.children.set(snapshot.id, true);
  }
  return descents;
}
