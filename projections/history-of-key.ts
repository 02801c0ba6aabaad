import type { Envelope } from '../events/envelope.ts';

/** Every event in the life of all snapshots that ever stood under a key or name. */
export interface HistoryOfKey {
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
