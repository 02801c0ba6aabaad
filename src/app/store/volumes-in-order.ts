import type { State } from '../../../projections/state.ts';
import type { Volume } from '../../ports/volume-driver.ts';
import { retainedVolume, volumeOf } from './volume-of.ts';

/** The volumes that the disk has to hold by a state, living and retained ones, each after its parents. */
export function volumesInOrder(state: State): readonly Volume[] {
  const living = [...state.index.values()].map((snapshot) => volumeOf(state, snapshot));
  const retained = [...state.volumes.retained].map(([, { snapshot }]) => retainedVolume(state, snapshot));
  return [...living, ...retained].sort((a, b) => a.parents.length - b.parents.length || a.id - b.id);
}
