import { either } from 'fp-ts';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import { fromRows, toRows } from '../../../projections/checkpoint-rows.ts';
import { namespaceOf, refOf, type Snapshot } from '../../../projections/snapshot.ts';
import { historiesIn } from '../../../projections/snapshot-history.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import { diffIdWith } from '../../../projections/volumes.ts';
import type { FleetImage, FleetSnapshot, FleetUsage } from '../../../src/ports/fleet-database.ts';

/** What the tables must hold of a store: a fold of its whole log, made the slow and plain way. */
export interface ExpectedRows {
  readonly state: State;
  readonly snapshots: ReadonlyMap<number, Omit<FleetSnapshot, 'fold' | 'path'>>;
  readonly usage: readonly FleetUsage[];
  readonly images: readonly FleetImage[];
}

type Seen = Pick<FleetSnapshot, 'chainId' | 'diffId' | 'bytes' | 'inodes'> & { readonly key: string };

export function expectedRows(store: string, log: readonly Envelope[]): ExpectedRows {
  const state = emptyState();
  const seen = new Map<number, Seen>();
  const used = new Map<number, bigint>();
  const days = new Map<string, FleetUsage>();
  for (const envelope of log) {
    const parentBefore = new Map([...state.parentGraph].map(([id, { parentId }]) => [id, parentId]));
    const before = existing(state);
    evolve(state, envelope);
    const all = [...state.index.values(), ...[...state.volumes.retained.values()].map(({ snapshot }) => snapshot)];
    for (const snapshot of all) seen.set(snapshot.id, seenOf(state, snapshot));
    count(days, store, envelope, { before, after: existing(state) });
    use(used, envelope, parentBefore);
  }
  return {
    state,
    snapshots: snapshotRows(store, log, { state, seen, used }),
    usage: [...days.values()],
    images: imageRows(store, log),
  };
}

const seenOf = (state: State, snapshot: Snapshot): Seen => ({
  key: snapshot.key,
  chainId: snapshot.kind === 'committed' ? refOf(snapshot) : '',
  diffId: diffIdWith(state.volumes, snapshot.id),
  bytes: state.usage.get(snapshot.id)?.bytes ?? null,
  inodes: state.usage.get(snapshot.id)?.inodes ?? null,
});

function use(used: Map<number, bigint>, { event, time }: Envelope, before: ReadonlyMap<number, number | null>): void {
  switch (event.type) {
    case 'SnapshotPrepared':
    case 'SnapshotRestored':
      if (event.data.parentId !== null) used.set(event.data.parentId, time);
      break;
    case 'SnapshotCommitted':
      if (event.data.parentId !== null && before.get(event.data.id) !== event.data.parentId)
        used.set(event.data.parentId, time);
      break;
    case 'SnapshotTakenOver': {
      const { parentId, created } = event.data;
      const last = parentId === null ? undefined : used.get(parentId);
      if (parentId !== null && (last === undefined || created > last)) used.set(parentId, created);
      break;
    }
    default:
  }
}

type Existing = ReadonlyMap<number, { readonly namespace: string; readonly bytes: number }>;

const existing = ({ index, usage }: State): Existing =>
  new Map(
    [...index.values()].map(({ id, key }) => [id, { namespace: namespaceOf(key), bytes: usage.get(id)?.bytes ?? 0 }]),
  );

function count(
  days: Map<string, FleetUsage>,
  store: string,
  { event, time }: Envelope,
  { before, after }: { readonly before: Existing; readonly after: Existing },
): void {
  const day = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 10);
  const level = (all: Existing, namespace: string) => [...all.values()].filter((one) => one.namespace === namespace);
  const bytesOf = (all: Existing, namespace: string) =>
    level(all, namespace).reduce((sum, { bytes }) => sum + bytes, 0);
  for (const namespace of new Set([...before.values(), ...after.values()].map((one) => one.namespace))) {
    const began = [...after].filter(
      ([id, one]) => one.namespace === namespace && before.get(id)?.namespace !== namespace,
    ).length;
    const ended = [...before].filter(
      ([id, one]) => one.namespace === namespace && after.get(id)?.namespace !== namespace,
    ).length;
    const commits = committed(event, after) === namespace ? 1 : 0;
    const [had, has] = [bytesOf(before, namespace), bytesOf(after, namespace)];
    if (began + ended + commits === 0 && had === has) continue;
    const lost = event.type === 'VolumeLost' ? ended : 0;
    const row = days.get(`${day} ${namespace}`);
    days.set(`${day} ${namespace}`, {
      ...{ store, day, namespace },
      prepared: (row?.prepared ?? 0) + began,
      committed: (row?.committed ?? 0) + commits,
      removed: (row?.removed ?? 0) + ended - lost,
      lost: (row?.lost ?? 0) + lost,
      bytesAdded: (row?.bytesAdded ?? 0) + Math.max(0, has - had),
      bytesRemoved: (row?.bytesRemoved ?? 0) + Math.max(0, had - has),
      snapshots: level(after, namespace).length,
      bytes: has,
    });
  }
}

function committed(event: Envelope['event'], after: Existing): string | undefined {
  const is =
    event.type === 'SnapshotCommitted' || (event.type === 'SnapshotTakenOver' && event.data.kind === 'committed');
  return is ? after.get(event.data.id)?.namespace : undefined;
}

function snapshotRows(
  store: string,
  log: readonly Envelope[],
  {
    state,
    seen,
    used,
  }: { readonly state: State; readonly seen: ReadonlyMap<number, Seen>; readonly used: ReadonlyMap<number, bigint> },
): ReadonlyMap<number, Omit<FleetSnapshot, 'fold' | 'path'>> {
  const rows = new Map<number, Omit<FleetSnapshot, 'fold' | 'path'>>();
  for (const { id, kind, parent, parentId, prepared, committed, ended } of historiesIn(log).values()) {
    const last = seen.get(id);
    if (kind === null || last === undefined) continue;
    const exists = state.parentGraph.has(id);
    const over = prepared?.event.type === 'SnapshotTakenOver' ? prepared.event.data : undefined;
    const how =
      ended?.event.type === 'VolumeLost' ? 'lost' : ended?.event.type === 'PrepareUndone' ? 'undone' : 'removed';
    rows.set(id, {
      ...{ store, id, kind, parent, parentId, ...last },
      namespace: namespaceOf(last.key),
      actor: prepared?.meta.actor ?? '',
      prepared: over === undefined ? (prepared?.time ?? null) : over.kind === 'committed' ? null : over.created,
      committed: committed === null ? null : committed === prepared ? (over?.created ?? null) : committed.time,
      lastUsed: used.get(id) ?? null,
      removed: exists ? null : (ended?.time ?? null),
      ended: exists ? null : how,
      retained: state.volumes.retained.has(id),
    });
  }
  return rows;
}

/** The path of an existing snapshot: ids along the parents that exist. */
export function expectedPath({ snapshots }: Pick<ExpectedRows, 'snapshots'>, id: number): string {
  const row = snapshots.get(id);
  if (row === undefined || row.removed !== null) return '';
  return `${row.parentId === null ? '' : expectedPath({ snapshots }, row.parentId)}/${id}`;
}

/** Compares what a row keeps for its next fold with the state of the whole log. */
export function assertFold(row: FleetSnapshot, { state }: ExpectedRows): void {
  const { id, key } = row;
  const whole = entriesOf(state, id, key);
  const kept = fromRows([...toRows(emptyState()), ...(JSON.parse(row.fold ?? '[]') as readonly unknown[])]);
  assert.ok(either.isRight(kept), either.isLeft(kept) ? kept.left : '');
  assert.equal(entriesOf(kept.right, id, key), whole, `fold of ${row.store} ${id}`);
  assert.is(
    row.fold === null,
    whole.every((entry) => entry === undefined),
    `${row.store} ${id} keeps a fold`,
  );
}

function entriesOf({ index, volumes, usage }: State, id: number, key: string): readonly unknown[] {
  const snapshot = index.get(key)?.id === id ? index.get(key) : undefined;
  return [snapshot, volumes.wanted.get(id), volumes.retained.get(id), volumes.empty.get(id), usage.get(id)];
}

function imageRows(store: string, log: readonly Envelope[]): readonly FleetImage[] {
  const rows = new Map<string, FleetImage>();
  for (const { event } of log) {
    if (event.type !== 'ContainerdObserved') continue;
    const { topic, namespace, name, at, image } = event.data;
    const key = `${namespace}/${name}`;
    const row = rows.get(key);
    if (topic === '/images/delete' && row !== undefined) rows.set(key, { ...row, deleted: at });
    if (image === undefined) continue;
    const { target, layers, created } = image;
    rows.set(key, { store, namespace, name, target, layers: layers ?? [], created, updated: at, deleted: null });
  }
  return [...rows.values()];
}
