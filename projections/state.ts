import type { Envelope } from '../events/envelope.ts';
import { evolveImages, type Images } from './images.ts';
import { evolveIndex, type Index } from './index-of-snapshots.ts';
import type { Mutable } from './latest/overlay-map.ts';
import { evolveParentGraph, type ParentGraph } from './parent-graph.ts';
import { emptyStoreInfo, evolveStoreInfo, type StoreInfo } from './store-info.ts';
import { evolveUsage, type UsageOfSnapshots } from './usage.ts';
import { evolveVolumes, type MutableVolumes, type Volumes } from './volumes.ts';

/**
 * All projections at one position of the log. Folding changes it in place: what is needed after the next turn of the
 * event loop must be copied. The entries themselves are never changed, so it is enough to copy references.
 */
export interface State {
  /** of the last event folded in, 0 for none */
  readonly position: number;
  readonly storeInfo: StoreInfo;
  readonly index: Index;
  readonly parentGraph: ParentGraph;
  readonly volumes: Volumes;
  readonly usage: UsageOfSnapshots;
  readonly images: Images;
}

/** The same state for its only owner, which folds events into it. */
export interface MutableState extends State {
  position: number;
  storeInfo: StoreInfo;
  readonly index: Mutable<Index>;
  readonly parentGraph: Mutable<ParentGraph>;
  readonly volumes: MutableVolumes;
  readonly usage: Mutable<UsageOfSnapshots>;
  readonly images: Mutable<Images>;
}

export const emptyState = (): MutableState => ({
  position: 0,
  storeInfo: emptyStoreInfo,
  index: new Map(),
  parentGraph: new Map(),
  volumes: { wanted: new Map(), pendingPurge: new Map(), retained: new Map(), adoptable: new Map(), empty: new Map() },
  usage: new Map(),
  images: new Map(),
});

/**
 * Folds one event into the state and returns that. Total: never throws, reads nothing but its arguments; an event that does
 * not fit only moves the position.
 */
export function evolve(state: MutableState, envelope: Envelope): MutableState {
  state.position = envelope.position;
  state.storeInfo = evolveStoreInfo(state.storeInfo, envelope);
  evolveIndex(state.index, envelope);
  evolveParentGraph(state.parentGraph, envelope.event);
  evolveVolumes(state.volumes, envelope, state.storeInfo);
  evolveUsage(state.usage, envelope.event);
  evolveImages(state.images, envelope.event);
  return state;
}

/** Totals of the retained layers. */
interface RetainedTotals {
  readonly count: number;
  /** their own bytes, as far as they were measured */
  readonly bytes: number;
  /** time of the oldest removal, nanoseconds since 1970 UTC; undefined if nothing is retained */
  readonly oldest: bigint | undefined;
}

/** Iterates over all retained layers. */
export function retainedTotals({ volumes, usage }: Pick<State, 'volumes' | 'usage'>): RetainedTotals {
  let bytes = 0;
  let oldest: bigint | undefined;
  for (const [id, { removed }] of volumes.retained) {
    bytes += usage.get(id)?.bytes ?? 0;
    if (oldest === undefined || removed < oldest) oldest = removed;
  }
  return { count: volumes.retained.size, bytes, oldest };
}
