import { ancestors } from '../../projections/lineage.ts';
import type { Snapshot } from '../../projections/snapshot.ts';
import type { State } from '../../projections/state.ts';
import type { Volume } from '../ports/volume-driver.ts';

/** A snapshot as the driver sees it. */
export function volumeOf(state: State, { id, kind, parentId, labels }: Snapshot): Volume {
  return { id, kind, parents: ancestors(state.lineage, parentId), labels };
}

/** The living snapshot with an id. */
export function snapshotWith(state: State, id: number): Snapshot | undefined {
  const descent = state.lineage.get(id);
  return descent === undefined ? undefined : state.index.get(descent.key);
}

/** Where a snapshot's volume stands, relative to the root. */
export const pathOf = (id: number): string => `snapshots/${id}`;

/** The volume of the snapshot that was just folded into a state under this key. */
export function preparedVolume(state: State, key: string): Volume {
  const snapshot = state.index.get(key);
  if (snapshot === undefined) throw new TypeError(`snapshot ${key} is not in the state that its event was folded into`);
  return volumeOf(state, snapshot);
}
