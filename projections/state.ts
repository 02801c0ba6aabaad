import type { Envelope } from '../events/envelope.ts';
import { emptyIndex, evolveIndex, type Index } from './index-of-snapshots.ts';
import { emptyParentGraph, evolveParentGraph, type ParentGraph } from './parent-graph.ts';
import { emptyStoreInfo, evolveStoreInfo, type StoreInfo } from './store-info.ts';
import { emptyUsage, evolveUsage, type UsageOfSnapshots } from './usage.ts';
import { emptyVolumes, evolveVolumes, type Volumes } from './volumes.ts';

/** All projections at one position of the log: an immutable value. */
export interface State {
  /** of the last event folded in, 0 for none */
  readonly position: number;
  readonly storeInfo: StoreInfo;
  readonly index: Index;
  readonly parentGraph: ParentGraph;
  readonly volumes: Volumes;
  readonly usage: UsageOfSnapshots;
}

export const initialState: State = {
  position: 0,
  storeInfo: emptyStoreInfo,
  index: emptyIndex,
  parentGraph: emptyParentGraph,
  volumes: emptyVolumes,
  usage: emptyUsage,
};

/** Folds one event in. Total: never throws, reads nothing but its arguments; an event that does not fit only moves the position. */
export function evolve(state: State, envelope: Envelope): State {
  const life = evolveStoreInfo(state.storeInfo, envelope);
  return {
    position: envelope.position,
    storeInfo: life,
    index: evolveIndex(state.index, envelope),
    parentGraph: evolveParentGraph(state.parentGraph, envelope.event),
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
    parentGraph: turn(state.parentGraph),
    volumes: {
      wanted: turn(state.volumes.wanted),
      pendingPurge: turn(state.volumes.pendingPurge),
      retained: turn(state.volumes.retained),
      adoptable: turn(state.volumes.adoptable),
    },
    usage: turn(state.usage),
  };
}
