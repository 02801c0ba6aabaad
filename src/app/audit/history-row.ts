import { encodeEnvelope } from '../../../events/envelope.ts';
import type { History, Kin } from './history.ts';

/** A history as plain JSON: ids, times and durations (nanoseconds) are strings of digits, as in the log. */
export function historyRow(history: History): Record<string, unknown> {
  const { id, key, name, kind, now, activeFor, parents, children, events } = history;
  return {
    id: String(id),
    key,
    name,
    kind,
    now,
    activeFor: activeFor === null ? null : String(activeFor),
    parents: parents.map(kinRow),
    children: children.map(kinRow),
    events: events.map(encodeEnvelope),
  };
}

const kinRow = ({ id, was, now }: Kin) => ({ id: String(id), was, now });
