import { encodeEnvelope } from '../../../events/envelope.ts';
import type { History, Kin } from './history.ts';

/** A history as plain JSON: ids, times and durations (nanoseconds) are strings of digits, as in the log. */
export function historyRow({ life, now, activeFor, parents, children }: History): Record<string, unknown> {
  return {
    id: String(life.id),
    key: life.key,
    name: life.name,
    kind: life.kind,
    now,
    activeFor: activeFor === null ? null : String(activeFor),
    parents: parents.map(kinRow),
    children: children.map(kinRow),
    events: life.events.map(encodeEnvelope),
  };
}

const kinRow = ({ id, was, now }: Kin) => ({ id: String(id), was, now });
