import type { Envelope } from '../../events/envelope.ts';
import { evolve, type MutableState, type State } from '../state.ts';
import { OverlayMap, type ReadableMap } from './overlay-map.ts';

/** The state after the events in flight: an overlay of their changes over the durable state. */
export interface Latest {
  readonly state: State;
  /** Folds in the next event in flight. */
  fold(envelope: Envelope): void;
  /** To be called after events became durable and were folded into the durable state. */
  prune(): void;
  /** The events in flight were rolled back. Their snapshot ids are not used again. */
  rollBack(): void;
}

/** `durable` is folded by its owner. */
export function createLatest(durable: State): Latest {
  const maps: Pick<OverlayMap<never, never>, 'prune' | 'clear'>[] = [];
  const over = <K, V>(base: ReadableMap<K, V>): OverlayMap<K, V> => {
    const map = new OverlayMap(base, () => state.position);
    maps.push(map);
    return map;
  };
  const { position, storeInfo, index, parentGraph, volumes, usage, images } = durable;
  const state: MutableState = {
    position,
    storeInfo,
    index: over(index),
    parentGraph: over(parentGraph),
    volumes: {
      wanted: over(volumes.wanted),
      pendingPurge: over(volumes.pendingPurge),
      retained: over(volumes.retained),
      adoptable: over(volumes.adoptable),
      empty: over(volumes.empty),
    },
    usage: over(usage),
    images: over(images),
  };
  return {
    state,
    fold: (envelope) => void evolve(state, envelope),
    prune: () => {
      for (const map of maps) map.prune(durable.position);
    },
    rollBack: () => {
      for (const map of maps) map.clear();
      state.position = durable.position;
      state.storeInfo = { ...durable.storeInfo, lastId: state.storeInfo.lastId };
    },
  };
}
