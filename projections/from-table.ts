import * as either from 'fp-ts/lib/Either.js';
import { quickDecoder } from '../events/quick-decoder.ts';
import { type CellsTable, kinds } from './cells-table.ts';
import { firstFrom } from './first-from.ts';
import type { Index } from './index-of-snapshots.ts';
import { childless, type ParentGraph, type ParentNode } from './parent-graph.ts';
import { deferredMap, mapOf, type PersistentMap } from './persistent-map.ts';
import { SnapshotCells } from './row-codecs.ts';
import type { Snapshot } from './snapshot.ts';
import { hashOf, orderOf } from './trie-nodes.ts';
import type { UsageOfSnapshots } from './usage.ts';
import type { Wanted } from './volumes.ts';

/** What a state holds of its living snapshots. */
export interface LivingMaps {
  readonly index: Index;
  readonly parentGraph: ParentGraph;
  readonly wanted: PersistentMap<number, Wanted>;
  readonly usage: UsageOfSnapshots;
}

/** With fewer rows than this, a row and 32 bits fit into one exact number. */
const mostRows = 2 ** 21;

/**
 * The maps of a table's snapshots, of whose entries none is made before somebody looks at it. Undefined where two of them
 * have the same id or key, or where there are too many: `fromRows` then makes them all.
 */
export function fromTable(table: CellsTable): LivingMaps | undefined {
  const byId = rowsById(table);
  const byKey = byId && rowsByKey(table);
  if (byId === undefined || byKey === undefined) return undefined;
  const keys = createKeys(table);
  const family = createFamily(table, byId);
  return {
    index: deferredMap({
      size: table.size,
      hashAt: (at) => table.hash[byKey[at] ?? 0] ?? 0,
      leafAt: (at) => {
        const row = byKey[at] ?? 0;
        const snapshot = snapshotOf(table, row, (id) => keys(family.rowOf(id)));
        return { hash: table.hash[row] ?? 0, key: snapshot.key, value: snapshot };
      },
    }),
    parentGraph: mapById(table, byId, (row, id): ParentNode => {
      let children: ParentNode['children'] | undefined;
      return {
        key: keys(row) ?? '',
        parentId: orNull(table.parentId[row]),
        get children() {
          children ??= family.childrenOf(id);
          return children;
        },
      };
    }),
    wanted: mapById(table, byId, (row) => ({
      kind: kinds[table.kind[row] ?? 0] ?? 'active',
      prepared: table.prepared[row] ?? 0,
      touched: table.touched[row] === 1,
      flushed: table.flushed[row] === 1,
    })),
    usage: mapById(
      table,
      byId.filter((row) => (table.bytes[row] ?? -1) >= 0),
      (row) => ({ bytes: table.bytes[row] ?? 0, inodes: Math.max(0, table.inodes[row] ?? 0) }),
    ),
  };
}

const orNull = (id = -1): number | null => (id < 0 ? null : id);

function mapById<V>(
  table: CellsTable,
  rows: Uint32Array,
  entryOf: (row: number, id: number) => V,
): PersistentMap<number, V> {
  const idAt = (at: number) => table.id[rows[at] ?? 0] ?? 0;
  return deferredMap({
    size: rows.length,
    hashAt: (at) => hashOf(idAt(at)),
    leafAt: (at) => {
      const id = idAt(at);
      return { hash: hashOf(id), key: id, value: entryOf(rows[at] ?? 0, id) };
    },
  });
}

/** Rows in the order of their ids, which is that of a trie's leaves. */
function rowsById({ id, size }: CellsTable): Uint32Array | undefined {
  if (size >= mostRows) return undefined;
  const sorted = sortedRows(id, size);
  for (let at = 1; at < size; at++) if (id[sorted[at] ?? 0] === id[sorted[at - 1] ?? 0]) return undefined;
  return sorted;
}

/** Rows in the order of their keys in a trie, which is that in which a checkpoint has them already. */
function rowsByKey({ hash, size, keyOf }: CellsTable): Uint32Array | undefined {
  const orders = new Float64Array(size);
  for (let row = 0; row < size; row++) orders[row] = orderOf(hash[row] ?? 0);
  const sorted = sortedRows(orders, size);
  for (let at = 1; at < size; at++) {
    const row = sorted[at] ?? 0;
    // Rows of one hash stand together, in no order of their keys.
    for (let back = at - 1; back >= 0 && hash[sorted[back] ?? 0] === hash[row]; back--)
      if (keyOf(row) === keyOf(sorted[back] ?? 0)) return undefined;
  }
  return sorted;
}

/** Places of the values, whole numbers of up to 32 bits, from the smallest on; equal ones in their order. */
function sortedRows(values: Float64Array | Int32Array, size: number): Uint32Array {
  const places = new Uint32Array(size);
  const both = new Float64Array(size);
  let inOrder = true;
  for (let row = 0; row < size; row++) {
    const value = values[row] ?? 0;
    inOrder &&= row === 0 || value >= (values[row - 1] ?? 0);
    places[row] = row;
    both[row] = value * mostRows + row;
  }
  if (inOrder) return places;
  both.sort();
  for (let at = 0; at < size; at++) {
    const one = both[at] ?? 0;
    places[at] = one - Math.floor(one / mostRows) * mostRows;
  }
  return places;
}

/** The key of a row, always the same string: names are long, and a layer may have many children. */
function createKeys({ size, keyOf }: CellsTable): (row: number | undefined) => string | undefined {
  const kept = new Array<string | undefined>(size);
  return (row) => {
    if (row === undefined) return undefined;
    const key = kept[row] ?? keyOf(row);
    kept[row] = key;
    return key;
  };
}

interface Family {
  rowOf(id: number): number | undefined;
  childrenOf(id: number): ParentNode['children'];
}

/** Child links are not in the rows: they follow from the parents, and are looked for when the first is asked for. */
function createFamily({ id, parentId }: CellsTable, byId: Uint32Array): Family {
  const idAt = (at: number) => id[byId[at] ?? 0] ?? 0;
  const rowOf = (wanted: number) => {
    const at = firstFrom({ from: 0, to: byId.length }, idAt, wanted);
    return at < byId.length && idAt(at) === wanted ? byId[at] : undefined;
  };
  let children: Uint32Array | undefined;
  return {
    rowOf,
    childrenOf: (parent) => {
      children ??= rowsByParent(parentId, byId);
      const rows = children;
      const parentAt = (at: number) => parentId[rows[at] ?? 0] ?? 0;
      const from = firstFrom({ from: 0, to: rows.length }, parentAt, parent);
      const to = firstFrom({ from, to: rows.length }, parentAt, parent + 1);
      const childAt = (at: number) => id[rows[at] ?? 0] ?? 0;
      if (to - from < 2) return to === from ? childless : childless.set(childAt(from), true);
      return mapOf(Array.from({ length: to - from }, (_, index) => [childAt(from + index), true] as const));
    },
  };
}

/** Rows that have a parent, in the order of the parents' ids, then of their own. */
function rowsByParent(parentId: Int32Array, byId: Uint32Array): Uint32Array {
  const withParent = byId.filter((row) => (parentId[row] ?? -1) >= 0);
  const parents = Int32Array.from(withParent, (row) => parentId[row] ?? 0);
  return sortedRows(parents, parents.length).map((at) => withParent[at] ?? 0);
}

const decode = quickDecoder(SnapshotCells);

function snapshotOf(table: CellsTable, row: number, keyOf: (id: number) => string | undefined): Snapshot {
  const cells = decode(table.cellsOf(row));
  if (either.isLeft(cells)) throw new TypeError(`a row of a whole checkpoint is wrong: ${cells.left}`);
  const [[id, key, kind], [parentId, parent], labels, [created, updated]] = cells.right;
  const name = parent ?? (parentId === null ? undefined : keyOf(parentId)) ?? '';
  return { id, key, kind, parent: name, parentId, labels, created, updated: updated ?? created };
}
