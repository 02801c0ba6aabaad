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

/** A replay of the grid's events takes less than 50 ms, an entry has about 100 bytes. */
const usual: StateLimits = { grid: 8_192, maxReplay: 65_536, maxEntries: 2_000_000 };

type Files = Pick<StoreFiles, 'openLog' | 'openCheckpoints'>;

/** Keeps states by position. The neighbours of the one that was asked for last are made in the background. */
export function createStates(files: Files, { grid, maxReplay, maxEntries } = usual): States {
  const kept = new Map<number, MutableState>();
  const under = new Map<number, Promise<State>>();
  let surrounding = false;
  let entries = 0;

  const keep = (state: MutableState): MutableState => {
    forget(state.position);
    kept.set(state.position, state);
    entries += sizeOf(state);
    for (const oldest of kept.keys()) {
      if (entries <= maxEntries || kept.size <= 3) break;
      forget(oldest);
    }
    return state;
  };
  const forget = (position: number) => {
    const state = kept.get(position);
    if (state !== undefined && kept.delete(position)) entries -= sizeOf(state);
  };
  const used = (state: MutableState): MutableState => {
    kept.delete(state.position);
    kept.set(state.position, state);
    return state;
  };
  const nearest = (position: number): MutableState | undefined => {
    let found: MutableState | undefined;
    for (const state of kept.values())
      if (state.position <= position && state.position > (found?.position ?? -1)) found = state;
    return found;
  };
  /** The state after a position, from the nearest one that is kept or from a checkpoint. */
  const load = async (log: ReadableLog, position: number): Promise<MutableState> => {
    const near = nearest(position);
    if (near?.position === position) return used(near);
    if (near !== undefined && position - near.position <= maxReplay)
      return keep(await replayed(log, copyOf(near), position));
    return keep((await stateAt(files, log, position)) as MutableState);
  };
  /** Through the state of the grid before it, which its neighbours begin with too. */
  const through = async (log: ReadableLog, position: number): Promise<MutableState> => {
    const below = Math.floor(position / grid) * grid;
    const near = nearest(position);
    if (below > (log.gone?.upTo ?? 0) && (near === undefined || near.position < below)) await load(log, below);
    return load(log, position);
  };
  /** Makes the neighbours of the grid, one after the other. What fails is reported when it is asked for. */
  const surround = async (position: number) => {
    if (surrounding) return;
    surrounding = true;
    const cell = Math.floor(position / grid);
    await withLog(files, async (log) => {
      for (const next of [cell - 1, cell + 1, cell - 2, cell + 2].map((at) => at * grid))
        if (next > (log.gone?.upTo ?? 0) && next < log.end.position) await load(log, next);
    }).catch(() => {});
    surrounding = false;
  };
  const once = (log: ReadableLog, position: number): Promise<State> => {
    const running = under.get(position) ?? through(log, position).finally(() => under.delete(position));
    under.set(position, running);
    return running;
  };
  return {
    at: (moment) =>
      withLog(files, async (log) => {
        if (moment === undefined) return once(log, log.end.position);
        const state = await once(log, await positionNamed(log, moment));
        void surround(state.position);
        return state;
      }),
    after: (position) => withLog(files, (log) => once(log, position)),
    clear: () => {
      kept.clear();
      entries = 0;
    },
  };
}

const sizeOf = ({ index, volumes: { wanted, retained, adoptable, empty }, usage }: State): number =>
  2 * index.size + wanted.size + retained.size + adoptable.size + empty.size + usage.size;

/** A state of its own with the same entries, which are never changed. */
function copyOf(state: State): MutableState {
  const maps = (from: object) =>
    Object.entries(from).map(([name, value]) => [name, value instanceof Map ? new Map(value) : value]);
  return { ...Object.fromEntries(maps(state)), volumes: Object.fromEntries(maps(state.volumes)) };
}

async function replayed(log: ReadableLog, state: MutableState, upTo: number): Promise<MutableState> {
  if (state.position >= upTo) return state;
  for await (const envelopes of log.read(state.position, upTo)) {
    for (const envelope of envelopes) if (envelope.position <= upTo) evolve(state, envelope);
    if (state.position >= upTo) break;
  }
  return state;
}
