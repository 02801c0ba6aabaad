import type { State } from '../../../../projections/state.ts';

/** What a few changes over another state count. */
const overlayEntries = 10_000;
const sizeOf = (state: State): number => (state.index instanceof Map ? entriesIn(state) : overlayEntries);

/**
 * States by position, the least recently used first, up to some entries in all. A state that is changes over another one holds
 * that one in memory: it is forgotten with it, and used with it.
 */
export function createKept(maxEntries: number) {
  const states = new Map<number, State>();
  /** the state below each one that is changes over another, by the position of the upper one */
  const bases = new Map<number, State>();
  let entries = 0;
  const forget = (position: number) => {
    const state = states.get(position);
    if (state === undefined) return;
    states.delete(position);
    bases.delete(position);
    entries -= sizeOf(state);
    for (const [above, base] of bases) if (base === state) forget(above);
  };
  const isKept = (state: State) => states.get(state.position) === state;
  const use = (state: State) => {
    states.delete(state.position);
    states.set(state.position, state);
  };
  const find = (position: number): State | undefined => {
    const state = states.get(position);
    const base = bases.get(position);
    if (base !== undefined) use(base);
    if (state !== undefined) use(state);
    return state;
  };
  return {
    /** Keeps a state, with the one that it is changes over; unless that one was forgotten meanwhile. */
    add: (state: State, base?: State): State => {
      if (isKept(state) || (base !== undefined && !isKept(base))) return state;
      forget(state.position);
      states.set(state.position, state);
      entries += sizeOf(state);
      if (base !== undefined) bases.set(state.position, base);
      find(state.position);
      for (const oldest of states.keys()) {
        if (entries <= maxEntries || states.size <= 3) break;
        forget(oldest);
      }
      return state;
    },
    find,
    /** The last state up to a position that is not changes over another one. */
    nearest: (position: number): State | undefined => {
      let found: State | undefined;
      for (const state of states.values())
        if (state.index instanceof Map && state.position <= position && state.position > (found?.position ?? -1))
          found = state;
      return found;
    },
    /** Whether one more would push out one of these. */
    isFull: (positions: readonly number[]): boolean => {
      const here = positions.flatMap((position) => states.get(position) ?? []);
      const size = Math.max(0, ...here.map(sizeOf));
      return here.length > 0 && (here.length + 2) * size > maxEntries;
    },
    clear: () => {
      states.clear();
      bases.clear();
      entries = 0;
    },
  };
}

const entriesIn = ({ index, volumes: { wanted, retained, adoptable, empty }, usage }: State): number =>
  2 * index.size + wanted.size + retained.size + adoptable.size + empty.size + usage.size;
