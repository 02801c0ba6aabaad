import type { State } from '../../../../projections/state.ts';
import { snapshotWith } from '../../store/volume-of.ts';
import type { Touched } from '../events/event-columns.ts';
import type { Forest } from '../rows.ts';
import {
  allRows,
  existing,
  forestWith,
  type ImageOf,
  imageOfIn,
  imagesOfLayers,
  layerOf,
  type Row,
  retained,
} from './forest.ts';

/**
 * The snapshots that are not the same at two moments, as they are at the second one. `touched` are those that events between
 * them may have changed; without it all are compared, which takes longer.
 */
export function differenceOf(base: State, state: State, time: bigint | null, touched?: Touched): Forest {
  const [before, after] = [imageOfIn(base), imageOfIn(state)];
  const rows: Row[] = [];
  const gone: number[] = [];
  for (const id of idsToCompare(base, state, touched)) {
    const [was, is] = [rowWith(base, id), rowWith(state, id)];
    if (is === undefined && was !== undefined) gone.push(id);
    if (is !== undefined && !(was !== undefined && isSame(was, is, before, after))) rows.push(is);
  }
  return { ...forestWith(state, time, rows, after), base: base.position, gone };
}

/** The row of an id in a state, existing or retained; undefined for neither. */
function rowWith(state: State, id: number): Row | undefined {
  const snapshot = snapshotWith(state, id);
  if (snapshot !== undefined) return existing(state, snapshot);
  const layer = state.volumes.retained.get(id);
  return layer && retained(state, layer);
}

/** Snapshots of an id are the same object in states of one replay; otherwise their fields are compared. */
function isSame(a: Row, b: Row, imageBefore: ImageOf, imageAfter: ImageOf): boolean {
  if (a.since !== b.since || a.usage?.bytes !== b.usage?.bytes || a.usage?.inodes !== b.usage?.inodes) return false;
  const [one, other] = [a.snapshot, b.snapshot];
  const same =
    one === other ||
    (one.kind === other.kind &&
      one.key === other.key &&
      one.parentId === other.parentId &&
      one.created === other.created);
  return same && imageBefore(one) === imageAfter(other);
}

function idsToCompare(base: State, state: State, touched: Touched | undefined): ReadonlySet<number> {
  if (touched === undefined) return changedIds(base, state);
  return touched.images ? new Set([...touched.ids, ...renamedIds(base, state)]) : touched.ids;
}

/** Most snapshots are the same objects in both states: these are passed over without anything made of them. */
function changedIds(base: State, state: State): ReadonlySet<number> {
  const changed = new Set<number>(renamedIds(base, state));
  for (const [one, other] of [
    [base, state],
    [state, base],
  ] as const) {
    for (const snapshot of one.index.values()) {
      const { id, key } = snapshot;
      if (other.index.get(key) !== snapshot || other.usage.get(id) !== one.usage.get(id)) changed.add(id);
    }
    for (const [id, layer] of one.volumes.retained) if (other.volumes.retained.get(id) !== layer) changed.add(id);
  }
  return changed;
}

/** Layers whose images are not the same. */
function renamedIds(base: State, state: State): readonly number[] {
  if (base.images.size + state.images.size === 0) return [];
  const [before, after] = [imagesOfLayers(base), imagesOfLayers(state)];
  const layers = [...before.keys(), ...after.keys()].filter((layer) => before.get(layer) !== after.get(layer));
  const renamed = new Set(layers);
  if (renamed.size === 0) return [];
  return allRows(state).flatMap(({ snapshot }) => (renamed.has(layerOf(snapshot)) ? [snapshot.id] : []));
}
