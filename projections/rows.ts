import { either } from 'fp-ts';
import * as t from 'io-ts';
import { Decimal, decodeWith, Kind, Labels, MaybeId, Nanoseconds } from '../events/codecs.ts';
import { emptyMap } from './persistent-map.ts';
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

type SnapshotRow = t.TypeOf<typeof SnapshotRow>;
type DoomedRow = t.TypeOf<typeof DoomedRow>;
type RetainedRow = t.TypeOf<typeof RetainedRow>;
type OfferedRow = t.TypeOf<typeof OfferedRow>;

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

/** The state that gave the rows, or what is wrong with them. */
export function fromRows(rows: Iterable<unknown>): either.Either<string, State> {
  const iterator = rows[Symbol.iterator]();
  const life = decodeWith(LifeRow, iterator.next().value);
  if (either.isLeft(life)) return either.left(`first row: ${life.left}`);
  const { row: _, position, ...rest } = life.right;
  let state: State = thaw({ ...initialState, position, life: rest });
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
    const added = addRow(state, next.value);
    if (either.isLeft(added)) return added;
    state = added.right;
  }
  return either.right(freeze(withChildren(state)));
}

function addRow(state: State, row: unknown): either.Either<string, State> {
  switch ((row as { row?: unknown } | null)?.row) {
    case 'doomed':
      return either.map((doomed: DoomedRow) => addDoomed(state, doomed))(decodeWith(DoomedRow, row));
    case 'retained':
      return either.map((retained: RetainedRow) => addRetained(state, retained))(decodeWith(RetainedRow, row));
    case 'offered':
      return either.map((offered: OfferedRow) => addOffered(state, offered))(decodeWith(OfferedRow, row));
    default:
      return either.map((snapshot: SnapshotRow) => addSnapshot(state, snapshot))(decodeWith(SnapshotRow, row));
  }
}

function addDoomed(state: State, { id, since, why }: DoomedRow): State {
  return { ...state, volumes: { ...state.volumes, doomed: state.volumes.doomed.set(id, { since, why }) } };
}

function addRetained(
  state: State,
  { row: _, usage, since, removed, prepared, flushed, ...snapshot }: RetainedRow,
): State {
  const retained = { snapshot, since, removed, prepared, flushed };
  return {
    ...state,
    volumes: { ...state.volumes, retained: state.volumes.retained.set(snapshot.id, retained) },
    usage: usage === null ? state.usage : state.usage.set(snapshot.id, usage),
  };
}

function addOffered(state: State, { offer, id }: OfferedRow): State {
  return { ...state, volumes: { ...state.volumes, offered: state.volumes.offered.set(offer, id) } };
}

function addSnapshot(state: State, { row: _, prepared, touched, flushed, usage, ...snapshot }: SnapshotRow): State {
  const { id, key, kind, parentId } = snapshot;
  return {
    ...state,
    index: state.index.set(key, snapshot),
    lineage: state.lineage.set(id, { key, parentId, children: emptyMap() }),
    volumes: { ...state.volumes, wanted: state.volumes.wanted.set(id, { kind, prepared, touched, flushed }) },
    usage: usage === null ? state.usage : state.usage.set(id, usage),
  };
}

/** Child links are not in the rows: they follow from the parents. */
function withChildren(state: State): State {
  let { lineage } = state;
  for (const { id, parentId } of state.index.values()) {
    const parent = parentId === null ? undefined : lineage.get(parentId);
    if (parentId !== null && parent !== undefined)
      lineage = lineage.set(parentId, { ...parent, children: parent.children.set(id, true) });
  }
  return { ...state, lineage };
}
