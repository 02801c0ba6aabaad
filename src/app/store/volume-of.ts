import { ancestors } from '../../../projections/parent-graph.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { stagedLabel } from '../../domain/staging.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';

/** A snapshot as the driver sees it. */
export function volumeOf(state: State, snapshot: Snapshot): Volume {
  const { id, kind, parentId, labels } = snapshot;
  const volume = { id, kind, parents: ancestors(state.parentGraph, parentId), labels };
  return isStaged(snapshot) ? { ...volume, staged: true } : volume;
}

/** Whether a snapshot is an active that holds a copy of a layer. */
export const isStaged = (snapshot: Pick<Snapshot, 'kind' | 'labels'> | undefined): boolean =>
  snapshot?.kind === 'active' && stagedLabel in snapshot.labels;

/** The layer with an id, existing or retained: its snapshot and its volume. */
export function layerWith(state: State, id: number): { snapshot: Snapshot; volume: Volume } | undefined {
  const existing = snapshotWith(state, id);
  if (existing !== undefined) return { snapshot: existing, volume: volumeOf(state, existing) };
  const retained = retainedWith(state, id);
  return retained === undefined ? undefined : { snapshot: retained, volume: retainedVolume(state, retained) };
}

/** The ids of all committed layers, existing and retained, in ascending order. */
export function layersOf({ volumes: { wanted, retained } }: State): readonly number[] {
  const ids = [...retained.keys()];
  for (const [id, { kind }] of wanted) if (kind === 'committed') ids.push(id);
  return ids.sort((a, b) => a - b);
}

/** The volume of a retained snapshot: its parents may be retained too. */
function retainedVolume(state: State, { id, kind, parentId, labels }: Snapshot): Volume {
  const parents: number[] = [];
  let next = parentId;
  for (let kept = retainedWith(state, next); kept !== undefined; kept = retainedWith(state, next)) {
    parents.push(kept.id);
    next = kept.parentId;
  }
  return { id, kind, parents: [...parents, ...ancestors(state.parentGraph, next)], labels };
}

const retainedWith = ({ volumes }: State, id: number | null): Snapshot | undefined =>
  id === null ? undefined : volumes.retained.get(id)?.snapshot;

/** The live snapshot with an id. */
export function snapshotWith(state: State, id: number): Snapshot | undefined {
  const descent = state.parentGraph.get(id);
  return descent === undefined ? undefined : state.index.get(descent.key);
}

/** The path of a snapshot's volume, relative to the root. */
export const pathOf = (id: number): string => `snapshots/${id}`;

/** The existing snapshot under a key, which a decision on the same state has found or made. */
export function snapshotUnder(state: State, key: string): Snapshot {
  const snapshot = state.index.get(key);
  if (snapshot === undefined) throw new TypeError(`snapshot ${key} is not in the state that it was decided on`);
  return snapshot;
}

/** A snapshot with the labels that the driver adds to the recorded ones. */
export function withDriverLabels(driver: Pick<VolumeDriver, 'labelsOf'>, snapshot: Snapshot): Snapshot {
  const added = driver.labelsOf(snapshot);
  return added === undefined ? snapshot : { ...snapshot, labels: { ...snapshot.labels, ...added } };
}

/** The volumes that a state requires on disk, existing and retained ones, each after its parents. */
export function volumesInOrder(state: State): readonly Volume[] {
  const existing = [...state.index.values()].map((snapshot) => volumeOf(state, snapshot));
  const retained = [...state.volumes.retained].map(([, { snapshot }]) => retainedVolume(state, snapshot));
  return [...existing, ...retained].sort((a, b) => a.parents.length - b.parents.length || a.id - b.id);
}
