import { setTimeout as pause } from 'node:timers/promises';
import { createLatest, type Latest } from '../../../projections/latest.ts';
import { evolve, type MutableState, type State } from '../../../projections/state.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { positionNamed } from '../audit/moment.ts';
import { stateAt, withLog } from '../audit/state-at.ts';

/** States of a store at any moment. Those that were asked for, and some around them, are kept. */
export interface States {
  /** The state after a moment, a position or a time; now without one. Rejects as `stateOfStore`. The state must not be changed. */
  at(moment?: string): Promise<State>;
  /** The state after a position of the log. */
  after(position: number): Promise<State>;
  /** Forgets all of them: the log is another one. */
  clear(): void;
}

interface StateLimits {
  /** events between two states that are kept ahead */
  readonly grid: number;
  /** events up to which a replay from a kept state is preferred to a checkpoint */
  readonly maxReplay: number;
  /** entries of all kept states together */
  readonly maxEntries: number;
}

/** A replay of the grid's events takes 25 ms, an entry about 50 bytes. */
const usual: StateLimits = { grid: 2_048, maxReplay: 65_536, maxEntries: 4_000_000 };

/** Cells of the grid around the last moment whose states are made ahead, the nearest first. */
const neighbours = [0, -1, 1, -2, 2, -3, 3, -4, 4];
/** Milliseconds without a question before one of them is made. */
const lull = 30;

type Files = Pick<StoreFiles, 'openLog' | 'openCheckpoints'>;

/** Keeps states by position. The neighbours of the one that was asked for last are made while nothing is asked. */
export function createStates(files: Files, { grid, maxReplay, maxEntries } = usual): States {
  const kept = createKept(maxEntries);
  const loading = new Map<number, Promise<State>>();
  /** questions under way, and when the last one ended */
  let asking = 0;
  let asked = 0;
  let centre = 0;
  let surrounding = false;
  /** changes with the log */
  let generation = 0;

  const make = async (log: ReadableLog, position: number): Promise<State> => {
    const near = kept.nearest(position);
    if (near === undefined || position - near.position > maxReplay) return stateAt(files, log, position);
    // A state of the grid stands by itself; others are a few changes over one.
    const { state, fold } = position % grid === 0 ? createFull(near) : createLatest(near);
    await replay(log, { after: near.position, upTo: position }, fold);
    return state;
  };
  /** The state after a position, from the nearest one that is kept or from a checkpoint. */
  const load = (log: ReadableLog, position: number): Promise<State> => {
    const known = kept.find(position);
    if (known !== undefined) return Promise.resolve(known);
    const began = generation;
    const running = loading.get(position) ?? make(log, position).finally(() => loading.delete(position));
    loading.set(position, running);
    // A state of a log that is not there any more is answered, but not kept.
    return running.then((state) => (began === generation ? kept.add(state) : state));
  };
  const isThere = (log: ReadableLog, position: number) =>
    position > (log.gone?.upTo ?? 0) && position < log.end.position;
  /** Through the state of the grid before it, which its neighbours begin with too. */
  const through = async (log: ReadableLog, position: number): Promise<State> => {
    const below = Math.floor(position / grid) * grid;
    if (isThere(log, below) && (kept.nearest(position)?.position ?? -1) < below) await load(log, below);
    return load(log, position);
  };
  const question = async (position: (log: ReadableLog) => number | Promise<number>): Promise<State> => {
    asking += 1;
    try {
      return await withLog(files, async (log) => through(log, await position(log)));
    } finally {
      asking -= 1;
      asked = performance.now();
    }
  };
  /** What fails here is reported when it is asked for. */
  const surround = async () => {
    if (surrounding) return;
    surrounding = true;
    await withLog(files, async (log) => {
      for (;;) {
        while (asking > 0 || performance.now() - asked < lull) await pause(lull);
        const cell = Math.floor(centre / grid);
        const ahead = neighbours.map((at) => (cell + at) * grid);
        const next = ahead.find((position) => isThere(log, position) && kept.find(position) === undefined);
        if (next === undefined || kept.isFull(ahead)) return;
        await load(log, next);
      }
    }).catch(() => {});
    surrounding = false;
  };
  return {
    at: async (moment) => {
      if (moment === undefined) return question((log) => log.end.position);
      const state = await question((log) => positionNamed(log, moment));
      centre = state.position;
      void surround();
      return state;
    },
    after: (position) => question(() => position),
    clear: () => {
      generation += 1;
      kept.clear();
      loading.clear();
    },
  };
}

/** What a few changes over another state count. */
const overlayEntries = 10_000;
const sizeOf = (state: State): number => (state.index instanceof Map ? entriesIn(state) : overlayEntries);

/** States by position, the least recently used first, up to some entries in all. */
function createKept(maxEntries: number) {
  const states = new Map<number, State>();
  let entries = 0;
  const forget = (position: number) => {
    const state = states.get(position);
    if (state !== undefined && states.delete(position)) entries -= sizeOf(state);
  };
  return {
    add: (state: State): State => {
      forget(state.position);
      states.set(state.position, state);
      entries += sizeOf(state);
      for (const oldest of states.keys()) {
        if (entries <= maxEntries || states.size <= 3) break;
        forget(oldest);
      }
      return state;
    },
    find: (position: number): State | undefined => {
      const state = states.get(position);
      if (state === undefined) return undefined;
      states.delete(position);
      states.set(position, state);
      return state;
    },
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
      entries = 0;
    },
  };
}

const entriesIn = ({ index, volumes: { wanted, retained, adoptable, empty }, usage }: State): number =>
  2 * index.size + wanted.size + retained.size + adoptable.size + empty.size + usage.size;

/** A state of its own with the same entries, which are never changed. */
function createFull(from: State): Pick<Latest, 'state' | 'fold'> {
  const maps = (of: object) =>
    Object.entries(of).map(([name, value]) => [name, value instanceof Map ? new Map(value) : value]);
  const state: MutableState = { ...Object.fromEntries(maps(from)), volumes: Object.fromEntries(maps(from.volumes)) };
  return { state, fold: (envelope) => void evolve(state, envelope) };
}

async function replay(
  log: ReadableLog,
  { after, upTo }: { readonly after: number; readonly upTo: number },
  fold: Latest['fold'],
): Promise<void> {
  if (after >= upTo) return;
  for await (const envelopes of log.read(after, upTo)) {
    for (const envelope of envelopes) if (envelope.position <= upTo) fold(envelope);
    if ((envelopes.at(-1)?.position ?? 0) >= upTo) return;
  }
}
