import type { Envelope } from '../events/envelope.ts';
import { emptyIndex, evolveIndex, type Index } from './index-of-snapshots.ts';
import { evolveLife, type LifeOfStore, unborn } from './life-of-store.ts';
import { emptyLineage, evolveLineage, type Lineage } from './lineage.ts';
import { emptyUsage, evolveUsage, type UsageOfSnapshots } from './usage.ts';
import { emptyVolumes, evolveVolumes, type Volumes } from './volumes.ts';

/** All projections at one position of the log: an immutable value. */
export interface State {
  /** of the last event folded in, 0 for none */
  readonly position: number;
  readonly life: LifeOfStore;
  readonly index: Index;
  readonly lineage: Lineage;
  readonly volumes: Volumes;
  readonly usage: UsageOfSnapshots;
}

export const initialState: State = {
  position: 0,
  life: unborn,
  index: emptyIndex,
  lineage: emptyLineage,
  volumes: emptyVolumes,
  usage: emptyUsage,
};

/** Folds one event in. Total: never throws, reads nothing but its arguments; an event that does not fit only moves the position. */
export function evolve(state: State, envelope: Envelope): State {
  const life = evolveLife(state.life, envelope);
  return {
    position: envelope.position,
    life,
    index: evolveIndex(state.index, envelope),
    lineage: evolveLineage(state.lineage, envelope.event),
    volumes: evolveVolumes(state.volumes, envelope, life),
    usage: evolveUsage(state.usage, envelope.event),
  };
}

/** A state for folding many events: its maps change in place, so only the newest answer of `evolve` may be used. */
export function thaw(state: State): State {
  return eachMap(state, (map) => map.thaw());
}

/** Ends a thaw: the answer is immutable again. */
export function freeze(state: State): State {
  return eachMap(state, (map) => map.freeze());
}

function eachMap(state: State, turn: <M extends { thaw(): M; freeze(): M }>(map: M) => M): State {
  return {
    ...state,
    index: turn(state.index),
    lineage: turn(state.lineage),
    volumes: {
      wanted: turn(state.volumes.wanted),
      doomed: turn(state.volumes.doomed),
      retained: turn(state.volumes.retained),
      offered: turn(state.volumes.offered),
    },
    usage: turn(state.usage),
  };
}
