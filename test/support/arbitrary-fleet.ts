import * as fc from 'fast-check';
import type { FleetChange } from '../../src/ports/fleet-database.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from './sample-fleet.ts';

export type TableName = 'stores' | 'snapshots' | 'incidents' | 'usage' | 'images' | 'kept';
export type Row = Readonly<Record<string, unknown>>;

/** What identifies a row, and the columns of its fields in the order of the fields' names below. */
export const tables: Readonly<
  Record<
    TableName,
    { readonly name: string; readonly key: readonly string[]; readonly columns: Readonly<Record<string, string>> }
  >
> = {
  stores: {
    name: 'store',
    key: ['store'],
    columns: {
      store: 'store',
      node: 'node',
      rootBytes: 'root_bytes',
      lineage: 'lineage',
      lastEvent: 'last_event',
      fault: 'fault',
      fold: 'fold',
    },
  },
  snapshots: {
    name: 'snapshot',
    key: ['store', 'id'],
    columns: {
      ...{
        store: 'store',
        id: 'id',
        key: 'key',
        namespace: 'namespace',
        kind: 'kind',
        parent: 'parent',
        parentId: 'parent_id',
        path: 'path',
      },
      ...{
        chainId: 'chain_id',
        diffId: 'diff_id',
        bytes: 'bytes',
        inodes: 'inodes',
        actor: 'actor',
        prepared: 'prepared',
      },
      ...{
        committed: 'committed',
        lastUsed: 'last_used',
        removed: 'removed',
        ended: 'ended',
        retained: 'retained',
        fold: 'fold',
      },
    },
  },
  incidents: {
    name: 'incident',
    key: ['store', 'position'],
    columns: {
      store: 'store',
      position: 'position',
      time: 'time',
      kind: 'kind',
      snapshot: 'snapshot',
      key: 'key',
      text: 'text',
    },
  },
  usage: {
    name: 'usage_daily',
    key: ['store', 'namespace', 'day'],
    columns: {
      ...{
        store: 'store',
        namespace: 'namespace',
        day: 'day',
        prepared: 'prepared',
        committed: 'committed',
        removed: 'removed',
      },
      ...{
        lost: 'lost',
        bytesAdded: 'bytes_added',
        bytesRemoved: 'bytes_removed',
        snapshots: 'snapshots',
        bytes: 'bytes',
      },
    },
  },
  images: {
    name: 'image',
    key: ['store', 'namespace', 'name'],
    columns: {
      ...{ store: 'store', namespace: 'namespace', name: 'name', target: 'target', layers: 'layers' },
      ...{ created: 'created', updated: 'updated', deleted: 'deleted' },
    },
  },
  kept: {
    name: 'kept_event',
    key: ['store', 'position'],
    columns: { store: 'store', position: 'position', type: 'type' },
  },
};
export const names = Object.keys(tables) as readonly TableName[];

/** Texts with everything that COPY, arrays, or PostgreSQL's text treat specially, and longer than an entry of an index. */
export const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', '\0', '\\N', '\\.', 'a\tb\nc\rd', '\ud800x', '{"a",NULL}', 'k8s.io/7/sha256:aa'),
  fc
    .integer({ min: 0, max: 9 })
    .map((seed) => Array.from({ length: 900 }, (_, at) => (((at + 1) * (seed + 7919)) % 46_337).toString(36)).join('')),
);
export const time = fc.bigInt({ min: 0n, max: nanos('2027-02-01T00:00:00Z') / 1000n }).map((micros) => micros * 1000n);
export const recent = fc
  .integer({ min: 0, max: 3e13 })
  .map((micros) => nanos('2025-12-20T00:00:00Z') + BigInt(micros) * 1000n);
export const orNull = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
export const store = fc.constantFrom('a', 'b', 'c');
export const small = fc.integer({ min: 0, max: 5 });
export const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

export const rows: Readonly<Record<TableName, fc.Arbitrary<Row>>> = {
  stores: fc.record({
    store,
    node: text,
    rootBytes: orNull(count),
    lineage: small,
    lastEvent: orNull(time),
    fault: text,
    fold: orNull(fc.json()),
  }),
  snapshots: fc
    .record({
      ...{
        store,
        id: fc.integer({ min: 0, max: 6 }),
        key: text,
        namespace: text,
        kind: fc.constantFrom('active', 'view', 'committed'),
        parent: text,
      },
      ...{
        parentId: orNull(count),
        path: fc.array(small).map((ids) => ids.map((id) => `/${id}`).join('')),
        chainId: text,
        diffId: orNull(text),
        bytes: orNull(count),
        inodes: orNull(count),
        actor: text,
      },
      ...{
        prepared: orNull(time),
        committed: orNull(time),
        lastUsed: orNull(time),
        removed: orNull(fc.oneof(recent, time)),
      },
      ...{
        ended: orNull(fc.constantFrom('removed', 'lost')),
        retained: fc.boolean(),
        fold: fc.option(
          fc.array(fc.array(text)).map((value) => JSON.stringify(value)),
          { nil: null, freq: 2 },
        ),
      },
    })
    .map((row) => (row.removed === null && row.fold === null ? { ...row, fold: '[]' } : row))
    .map((row) => (isFinal(row) ? { ...row, path: '' } : row)),
  incidents: fc.record({
    store,
    position: small,
    time,
    kind: fc.constantFrom('lost', 'crash'),
    snapshot: orNull(count),
    key: text,
    text,
  }),
  usage: fc.record({
    ...{
      store,
      namespace: text,
      day: fc.constantFrom('2026-11-27', '2026-11-28', '9999-12-31'),
      prepared: count,
      committed: count,
    },
    ...{ removed: count, lost: count, bytesAdded: count, bytesRemoved: count, snapshots: count, bytes: count },
  }),
  images: fc.record({
    ...{ store, namespace: text, name: text, target: text, layers: fc.array(text, { maxLength: 3 }) },
    ...{ created: time, updated: time, deleted: orNull(time) },
  }),
  kept: fc.record({ store, position: small, type: text, wire: fc.constant('{"a": "\\u0000"}') }),
};

export type Step = { readonly restart: string } | { readonly table: TableName; readonly row: Row };
export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: store.map((restart) => ({ restart })) },
  ...names.map((table) => ({
    weight: table === 'snapshots' ? 20 : 5,
    arbitrary: rows[table].map((row) => ({ table, row })),
  })),
);

export type Model = Readonly<Record<TableName, Map<string, Row>>>;
export const emptyModel = (): Model => Object.fromEntries(names.map((name) => [name, new Map()])) as unknown as Model;
export const keyOf = (table: TableName, row: Row) => JSON.stringify(tables[table].key.map((field) => row[field]));
export const isFinal = ({ removed, fold }: Row) => removed !== null && fold === null;

/** Carries a step out in a model; a final snapshot's row stays as it is. Returns whether it is one that counts. */
export function take(model: Model, each: Step, isKnownFinal: (key: string) => boolean): void {
  if ('restart' in each) {
    for (const name of names)
      for (const [key, row] of model[name]) if (row.store === each.restart) model[name].delete(key);
    return;
  }
  const key = keyOf(each.table, each.row);
  if (each.table !== 'snapshots' || !isKnownFinal(key)) model[each.table].set(key, each.row);
}

/** A batch of steps as one change: the last row of each key, and the stores that started again before it. */
export function changeOf(steps: readonly Step[], model: Model, at: number): FleetChange {
  const batch = emptyModel();
  const restarted = new Set<string>();
  for (const each of steps) {
    if ('restart' in each) restarted.add(each.restart);
    const before = (key: string) => isFinal(model.snapshots.get(key) ?? { removed: null });
    take(
      batch,
      each,
      (key) =>
        isFinal(batch.snapshots.get(key) ?? { removed: null }) || (!restarted.has(JSON.parse(key)[0]) && before(key)),
    );
  }
  const filled = {
    stores: [...batch.stores.values()].map((row) => sampleStore('', row)),
    snapshots: [...batch.snapshots.values()].map((row) => sampleSnapshot('', 0, row)),
    ...{ incidents: [...batch.incidents.values()], usage: [...batch.usage.values()] },
    ...{ images: [...batch.images.values()], kept: [...batch.kept.values()] },
  };
  return sampleChange(at, { restarted: [...restarted], ...filled } as unknown as Partial<FleetChange>);
}
