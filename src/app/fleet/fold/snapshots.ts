import type { Envelope } from '../../../../events/envelope.ts';
import type { Event } from '../../../../events/registry.ts';
import { namespaceOf, refOf } from '../../../../projections/snapshot.ts';
import { changeBy } from '../../../../projections/snapshot-history.ts';
import { rowsOfSnapshot } from '../../../../projections/snapshot-rows.ts';
import type { MutableState } from '../../../../projections/state.ts';
import { diffIdWith } from '../../../../projections/volumes.ts';
import type { FleetSnapshot } from '../../../ports/fleet-database.ts';
import { blankSnapshot, type Draft } from './draft.ts';

interface SnapshotDraft extends Draft<FleetSnapshot> {}

/** What an existing snapshot adds to the usage of its namespace. */
export interface Share {
  readonly namespace: string;
  readonly bytes: number;
}

/** What an event changed in what a snapshot adds; undefined if it does not exist. */
export interface ShareChange {
  readonly before: Share | undefined;
  readonly after: Share | undefined;
}

/** The snapshots of one store that a batch concerns. */
export interface SnapshotDrafts {
  /** To be called after `evolve`. */
  fold(envelope: Envelope): readonly ShareChange[];
  /** Rows that have changed. */
  changed(): readonly FleetSnapshot[];
}

/** The snapshot whose row an event changes. */
function subjectOf({ type, data }: Event): number | undefined {
  switch (type) {
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'SnapshotCommitted':
    case 'SnapshotUpdated':
    case 'SnapshotRemoved':
    case 'SnapshotRestored':
    case 'PrepareUndone':
    case 'CommitUndone':
    case 'UsageMeasured':
    case 'VolumeFlushed':
    case 'VolumeLost':
    case 'RetentionEnded':
      return data.id;
    default:
      return undefined;
  }
}

/** A snapshot begins with it: its id was never used before. */
const begins = ({ type }: Event) => type === 'SnapshotPrepared' || type === 'SnapshotTakenOver';

/** The snapshots whose rows must be loaded before these events are folded in: those they name and their parents. */
export function snapshotsIn(events: Iterable<Event>): ReadonlySet<number> {
  const wanted = new Set<number>();
  const begun = new Set<number>();
  for (const event of events) {
    const id = subjectOf(event);
    if (id === undefined) continue;
    if (begins(event)) begun.add(id);
    else if (!begun.has(id)) wanted.add(id);
    const parent = parentIn(event);
    if (parent !== null && !begun.has(parent)) wanted.add(parent);
  }
  return wanted;
}

/** `rows` are those that were loaded, and `state` was made of them. */
export function createSnapshotDrafts(
  store: string,
  state: MutableState,
  rows: readonly FleetSnapshot[],
): SnapshotDrafts {
  const drafts = new Map<number, SnapshotDraft>(rows.map((row) => [row.id, { ...row }]));
  const changed = new Set<SnapshotDraft>();
  /** of which the rows for the fold have changed too */
  const evolved = new Set<SnapshotDraft>();

  const foldOne = (draft: SnapshotDraft, before: Share | undefined, envelope: Envelope): ShareChange => {
    applyHistory(draft, envelope);
    applyState(draft, state);
    evolved.add(draft);
    return { before, after: shareOf(draft) };
  };
  const foldNamed = (id: number, envelope: Envelope): readonly ShareChange[] => {
    const { event } = envelope;
    const known = begins(event) ? undefined : drafts.get(id);
    const draft = known ?? newDraft(store, event);
    if (draft === undefined) {
      // Not known, or ended for good: what its snapshot used is of no row.
      state.usage.delete(id);
      return [];
    }
    drafts.set(id, draft);
    const { parentId } = draft;
    const change = foldOne(draft, known === undefined ? undefined : shareOf(known), envelope);
    if (known === undefined || draft.parentId !== parentId) draft.path = pathOf(draft);
    // A commit uses a parent that the snapshot did not have before.
    if (event.type !== 'SnapshotCommitted' || event.data.parentId !== parentId) use(parentIn(event), envelope);
    return [change];
  };
  const pathOf = ({ id, parentId }: SnapshotDraft) => {
    const parent = parentId === null ? undefined : drafts.get(parentId);
    return `${parent?.path ?? ''}/${id}`;
  };
  const use = (id: number | null, envelope: Envelope) => {
    const parent = id === null ? undefined : drafts.get(id);
    if (parent === undefined) return;
    parent.lastUsed = lastUse(parent, envelope);
    changed.add(parent);
  };
  return {
    fold: (envelope) => {
      const { event } = envelope;
      if (event.type === 'StoreImported')
        return [...drafts.values()].map((draft) => foldOne(draft, shareOf(draft), envelope));
      const id = subjectOf(event);
      return id === undefined ? [] : foldNamed(id, envelope);
    },
    changed: () => {
      for (const draft of evolved) {
        const rows = rowsOfSnapshot(state, draft.id, draft.key);
        draft.fold = rows.length === 0 ? null : JSON.stringify(rows);
        changed.add(draft);
      }
      return [...changed];
    },
  };
}

const shareOf = ({ removed, namespace, bytes }: FleetSnapshot): Share | undefined =>
  removed === null ? { namespace, bytes: bytes ?? 0 } : undefined;

/** The row that begins with an event that says what a snapshot is; undefined for any other event. */
function newDraft(store: string, { type, data }: Event): SnapshotDraft | undefined {
  switch (type) {
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'SnapshotCommitted':
    case 'SnapshotRestored':
    case 'SnapshotRemoved':
      return { ...blankSnapshot, store, id: data.id };
    default:
      return undefined;
  }
}

/** What the history of the snapshot says. containerd's own times are those of a snapshot that was taken over. */
function applyHistory(draft: SnapshotDraft, envelope: Envelope): void {
  const { event } = envelope;
  const { kind, parent, parentId, prepared, committed, ended } = changeBy(envelope);
  const time = event.type === 'SnapshotTakenOver' ? event.data.created : envelope.time;
  const key = keyAfter(event);
  if (key !== undefined && key !== draft.key) {
    draft.key = key;
    draft.namespace = namespaceOf(key);
  }
  if (kind !== undefined && kind !== null) draft.kind = kind;
  if (parent !== undefined) draft.parent = parent;
  if (parentId !== undefined) draft.parentId = parentId;
  if (prepared !== undefined) draft.actor = envelope.meta.actor ?? '';
  if (committed !== undefined) draft.committed = time;
  else if (prepared !== undefined) draft.prepared = time;
  if (ended === undefined) return;
  draft.removed = time;
  draft.ended = event.type === 'VolumeLost' ? 'lost' : event.type === 'PrepareUndone' ? 'undone' : 'removed';
}

function keyAfter({ type, data }: Event): string | undefined {
  switch (type) {
    case 'SnapshotCommitted':
      return data.name;
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'SnapshotRestored':
    case 'SnapshotRemoved':
      return data.key;
    default:
      return undefined;
  }
}

/** What the projections hold of it; what they held last, once it has ended for good. */
function applyState(draft: SnapshotDraft, { index, volumes, usage }: MutableState): void {
  const { id } = draft;
  const found = index.get(draft.key);
  const existing = found?.id === id ? found : undefined;
  const retained = volumes.retained.get(id);
  draft.retained = retained !== undefined;
  if (existing !== undefined) {
    draft.removed = null;
    draft.ended = null;
  }
  const snapshot = existing ?? retained?.snapshot;
  if (snapshot === undefined) return;
  draft.chainId = snapshot.kind === 'committed' ? refOf(snapshot) : '';
  draft.diffId = diffIdWith(volumes, id);
  const measured = usage.get(id);
  draft.bytes = measured?.bytes ?? null;
  draft.inodes = measured?.inodes ?? null;
}

/** The parent that an event gives a snapshot. */
function parentIn({ type, data }: Event): number | null {
  switch (type) {
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'SnapshotCommitted':
    case 'SnapshotRestored':
      return data.parentId;
    default:
      return null;
  }
}

/** Snapshots that are taken over come in the order of their parents, not of time. */
function lastUse({ lastUsed }: FleetSnapshot, { event, time }: Envelope): bigint {
  if (event.type !== 'SnapshotTakenOver') return time;
  const { created } = event.data;
  return lastUsed === null || created > lastUsed ? created : lastUsed;
}
