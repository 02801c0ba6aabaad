import type { Kind } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';

/** What a log says of one snapshot. */
export interface SnapshotHistory {
  readonly id: number;
  /** the key that it was prepared under, empty if that event is not known */
  readonly key: string;
  /** the name that it was committed under */
  readonly name: string | null;
  /** its last known kind */
  readonly kind: Kind | null;
  readonly parent: string;
  readonly parentId: number | null;
  readonly prepared: Envelope | null;
  readonly committed: Envelope | null;
  /** the SnapshotRemoved, PrepareUndone or VolumeLost that ended it */
  readonly ended: Envelope | null;
  readonly events: readonly Envelope[];
}

/** By id. */
export type SnapshotHistories = ReadonlyMap<number, SnapshotHistory>;

const unknown = {
  key: '',
  name: null,
  kind: null,
  parent: '',
  parentId: null,
  prepared: null,
  committed: null,
  ended: null,
};

/** The histories of all snapshots that the events name, in order of their first event. */
export function historiesIn(envelopes: Iterable<Envelope>): SnapshotHistories {
  const histories = new Map<number, SnapshotHistory>();
  for (const envelope of envelopes) {
    const { data } = envelope.event;
    const id = 'id' in data ? data.id : null;
    if (id === null) continue;
    const history = histories.get(id) ?? { ...unknown, id, events: [] };
    histories.set(id, { ...history, ...changeBy(envelope), events: [...history.events, envelope] });
  }
  return histories;
}

/** What an event changes in the history of its snapshot. */
export function changeBy(envelope: Envelope): Partial<Omit<SnapshotHistory, 'id' | 'events'>> {
  const { event } = envelope;
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { key, kind, parent, parentId } = event.data;
      return { key, kind, parent, parentId, prepared: envelope };
    }
    case 'SnapshotTakenOver': {
      const { key, kind, parent, parentId } = event.data;
      const committed = kind === 'committed' ? { name: key, committed: envelope } : {};
      return { key, kind, parent, parentId, prepared: envelope, ...committed };
    }
    case 'SnapshotCommitted': {
      const { name, parent, parentId } = event.data;
      return { name, kind: 'committed', parent, parentId, committed: envelope };
    }
    case 'SnapshotRestored':
      return { kind: 'committed', parent: event.data.parent, parentId: event.data.parentId };
    case 'SnapshotRemoved':
      return { kind: event.data.kind, parent: event.data.parent, parentId: event.data.parentId, ended: envelope };
    case 'PrepareUndone':
    case 'VolumeLost':
      return { ended: envelope };
    default:
      return {};
  }
}

/** The events of all snapshots that ever had a key or name. */
interface HistoryOfKey {
  readonly key: string;
  readonly ids: ReadonlySet<number>;
  readonly events: readonly Envelope[];
}

export const noHistory = (key: string): HistoryOfKey => ({ key, ids: new Set(), events: [] });

/** Folds one event in; events of other snapshots change nothing. */
export function evolveHistory(history: HistoryOfKey, envelope: Envelope): HistoryOfKey {
  const { data } = envelope.event;
  const named = ('key' in data && data.key === history.key) || ('name' in data && data.name === history.key);
  const id = 'id' in data ? data.id : null;
  if (!named && (id === null || !history.ids.has(id))) return history;
  const ids = id === null || history.ids.has(id) ? history.ids : new Set([...history.ids, id]);
  return { ...history, ids, events: [...history.events, envelope] };
}
