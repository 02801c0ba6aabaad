import type { Labels } from '../../../events/codecs.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { snapshotWith } from '../store/volume-of.ts';

/** A snapshot at one of two moments. `bytes` are its own, null where they were not measured by then. */
export interface Side {
  readonly key: string;
  readonly kind: Snapshot['kind'];
  readonly labels: Labels;
  readonly bytes: number | null;
}

export interface Change {
  readonly how: 'appeared' | 'vanished' | 'changed';
  readonly id: number;
  /** null for one that had not appeared yet */
  readonly before: Side | null;
  /** null for one that has vanished */
  readonly after: Side | null;
}

/** What happened between two states, by number; a snapshot that came and went between them leaves no trace. */
export function difference(before: State, after: State): readonly Change[] {
  const ids = new Set([...before.index.values(), ...after.index.values()].map(({ id }) => id));
  return [...ids]
    .sort((a, b) => a - b)
    .flatMap((id): Change[] => {
      const [was, is] = [sideOf(before, id), sideOf(after, id)];
      if (was === null) return [{ how: 'appeared', id, before: was, after: is }];
      if (is === null) return [{ how: 'vanished', id, before: was, after: is }];
      return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ how: 'changed', id, before: was, after: is }];
    });
}

function sideOf(state: State, id: number): Side | null {
  const snapshot = snapshotWith(state, id);
  if (snapshot === undefined) return null;
  const { key, kind, labels } = snapshot;
  const sorted = Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { key, kind, labels: sorted, bytes: state.usage.get(id)?.bytes ?? null };
}

/** Bytes that a change added to what is known to be on disk, or took from it. */
export const bytesOf = ({ before, after }: Change): number => (after?.bytes ?? 0) - (before?.bytes ?? 0);

/** A change as plain JSON: ids and bytes are strings of digits, as in the log. */
export function changeRow(change: Change): Record<string, unknown> {
  const side = (one: Side | null) => one && { ...one, bytes: one.bytes === null ? null : String(one.bytes) };
  const { how, id, before, after } = change;
  return { how, id: String(id), before: side(before), after: side(after), bytes: String(bytesOf(change)) };
}
