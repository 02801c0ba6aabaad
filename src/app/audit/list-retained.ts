import type { State } from '../../../projections/state.ts';
import type { Retained } from '../../../projections/volumes.ts';
import { snapshotRow } from './snapshot-row.ts';

/** The removed layers that can be brought back, the one that goes first first. */
export const listRetained = ({ volumes }: State): readonly Retained[] =>
  [...volumes.retained.values()].sort((a, b) => a.since - b.since);

/** One of them as plain JSON: as it was, with position and time of its removal. */
export const retainedRow = (state: State, { snapshot, since, removed, flushed }: Retained) => ({
  ...snapshotRow(state, snapshot),
  since: String(since),
  removed: String(removed),
  flushed,
});
