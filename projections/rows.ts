import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, decodeWith, Kind, Labels, MaybeId, Nanoseconds } from '../events/codecs.ts';
import { quickDecoder } from '../events/quick-decoder.ts';
import { childless } from './lineage.ts';
import type { Snapshot } from './snapshot.ts';
import { freeze, initialState, type State, thaw } from './state.ts';

const LifeRow = t.type(
  {
    row: t.literal('life'),
    position: Decimal,
    id: t.string,
    driver: t.string,
    lastId: Decimal,
    opened: Decimal,
    boot: t.string,
    open: t.boolean,
  },
  'LifeRow',
);

const SnapshotRow = t.type(
  {
    row: t.literal('snapshot'),
    id: Decimal,
    key: t.string,
    kind: Kind,
    parent: t.string,
    parentId: MaybeId,
    labels: Labels,
    created: Nanoseconds,
    updated: Nanoseconds,
    prepared: Decimal,
    touched: t.boolean,
    flushed: t.boolean,
    usage: t.union([t.type({ bytes: Decimal, inodes: Decimal }), t.null]),
  },
  'SnapshotRow',
);

const DoomedRow = t.type({ row: t.literal('doomed'), id: Decimal, since: Decimal, why: t.string }, 'DoomedRow');

const RetainedRow = t.type(
  {
    row: t.literal('retained'),
    id: Decimal,
    key: t.string,
    kind: Kind,
    parent: t.string,
    parentId: MaybeId,
    labels: Labels,
    created: Nanoseconds,
    updated: Nanoseconds,
    since: Decimal,
    removed: Nanoseconds,
    prepared: Decimal,
    flushed: t.boolean,
    usage: t.union([t.type({ bytes: Decimal, inodes: Decimal }), t.null]),
  },
  'RetainedRow',
);

const OfferedRow = t.type({ row: t.literal('offered'), offer: t.string, id: Decimal }, 'OfferedRow');

/**
 * The state as rows of plain JSON, for a checkpoint: the life of the store first, then one row a snapshot, then the
 * doomed, the retained and the offers.
 */
export function* toRows(state: State): IterableIterator<unknown> {
  yield LifeRow.encode({ row: 'life', position: state.position, ...state.life });
  for (const snapshot of state.index.values()) {
    const wanted = state.volumes.wanted.get(snapshot.id);
    yield SnapshotRow.encode({
      row: 'snapshot',
      ...snapshot,
      prepared: wanted?.prepared ?? 0,
      touched: wanted?.touched ?? true,
      flushed: wanted?.flushed ?? true,
      usage: state.usage.get(snapshot.id) ?? null,
    });
  }
  for (const [id, doomed] of state.volumes.doomed) yield DoomedRow.encode({ row: 'doomed', id, ...doomed });
  for (const [id, { snapshot, ...rest }] of state.volumes.retained)
    yield RetainedRow.encode({ row: 'retained', ...snapshot, ...rest, usage: state.usage.get(id) ?? null });
  for (const [offer, id] of state.volumes.offered) yield OfferedRow.encode({ row: 'offered', offer, id });
}

const decodeSnapshotRow = quickDecoder(SnapshotRow);
const decodeDoomedRow = quickDecoder(DoomedRow);
const decodeRetainedRow = quickDecoder(RetainedRow);
const decodeOfferedRow = quickDecoder(OfferedRow);

/** The state that gave the rows, or what is wrong with them. Rows are gone through once, one at a time. */
export function fromRows(rows: Iterable<unknown>): either.Either<string, State> {
  const iterator = rows[Symbol.iterator]();
  const life = decodeWith(LifeRow, iterator.next().value);
  if (either.isLeft(life)) return either.left(`first row: ${life.left}`);
  const { row: _, position, ...rest } = life.right;
  const state = thaw({ ...initialState, position, life: rest });
  const born: Born[] = [];
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    const other = others[kindOf(next.value)];
    const wrong = other === undefined ? addSnapshot(state, next.value, born) : other(state, next.value);
    if (wrong !== undefined) return either.left(wrong);
  }
  for (const snapshot of born) link(state, snapshot);
  return either.right(freeze(state));
}

const kindOf = (row: unknown) => String((row as { row?: unknown } | null)?.row);

/** The kinds of row beside snapshots, each added to a thawed state. */
const others: Readonly<Record<string, (state: State, row: unknown) => string | undefined>> = {
  doomed: addDoomed,
  retained: addRetained,
  offered: addOffered,
};

/** A snapshot that nobody else holds yet. */
type Born = { -readonly [K in keyof Snapshot]: Snapshot[K] };

/** Adds to a thawed state, or tells what is wrong with the row. */
function addDoomed({ volumes }: State, row: unknown): string | undefined {
  const decoded = decodeDoomedRow(row);
  if (either.isLeft(decoded)) return decoded.left;
  const { id, since, why } = decoded.right;
  volumes.doomed.set(id, { since, why });
  return undefined;
}

/** As addDoomed. */
function addRetained({ volumes, usage }: State, row: unknown): string | undefined {
  const decoded = decodeRetainedRow(row);
  if (either.isLeft(decoded)) return decoded.left;
  const { row: _, usage: measured, since, removed, prepared, flushed, ...snapshot } = decoded.right;
  volumes.retained.set(snapshot.id, { snapshot, since, removed, prepared, flushed });
  if (measured !== null) usage.set(snapshot.id, measured);
  return undefined;
}

/** As addDoomed. */
function addOffered({ volumes }: State, row: unknown): string | undefined {
  const decoded = decodeOfferedRow(row);
  if (either.isLeft(decoded)) return decoded.left;
  volumes.offered.set(decoded.right.offer, decoded.right.id);
  return undefined;
}

/** As addDoomed. */
function addSnapshot({ index, lineage, volumes, usage }: State, row: unknown, born: Born[]): string | undefined {
  const decoded = decodeSnapshotRow(row);
  if (either.isLeft(decoded)) return decoded.left;
  const { id, key, kind, parent, parentId, labels, created, updated, prepared, touched, flushed } = decoded.right;
  const snapshot = {
    id,
    key,
    kind,
    parent,
    parentId,
    labels,
    created,
    updated: updated === created ? created : updated,
  };
  born.push(snapshot);
  index.set(key, snapshot);
  lineage.set(id, { key, parentId, children: childless });
  volumes.wanted.set(id, { kind, prepared, touched, flushed });
  if (decoded.right.usage !== null) usage.set(id, decoded.right.usage);
  return undefined;
}

/** Child links are not in the rows: they follow from the parents. The parent's name then is one string with the parent's own. */
function link({ lineage }: State, snapshot: Born): void {
  const { id, parentId } = snapshot;
  const parent = parentId === null ? undefined : lineage.get(parentId);
  if (parentId === null || parent === undefined) return;
  if (parent.key === snapshot.parent) snapshot.parent = parent.key;
  lineage.set(parentId, { ...parent, children: parent.children.set(id, true) });
}
