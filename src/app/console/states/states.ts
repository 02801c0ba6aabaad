import { setTimeout as pause } from 'node:timers/promises';
import { createLatest, type Latest } from '../../../../projections/latest/latest.ts';
import { evolve, type MutableState, type State } from '../../../../projections/state.ts';
import type { ReadableLog } from '../../../ports/readable-log.ts';
import type { StoreFiles } from '../../../ports/store-files.ts';
import { positionNamed } from '../../audit/moment.ts';
import { stateAt, withLog } from '../../audit/state-at.ts';
import { createKept } from './kept-states.ts';

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
const idlePause = 30;

/** A log, and in which generation it was opened. */
interface Opened {
  readonly log: ReadableLog;
  readonly began: number;
}

/** A state, and the one that it is a few changes over. */
interface Made {
  readonly state: State;
  readonly base: State | undefined;
}

type Files = Pick<StoreFiles, 'openLog' | 'openCheckpoints'>;

/** Keeps states by position. The neighbours of the one that was asked for last are made while nothing is asked. */
export function createStates(files: Files, { grid, maxReplay, maxEntries } = usual): States {
  const kept = createKept(maxEntries);
  const loading = new Map<number, Promise<Made>>();
  /** questions under way, and when the last one ended */
  let asking = 0;
  let asked = 0;
  let centre = 0;
  let surrounding = false;
  /** changes with the log */
  let generation = 0;

  const make = async (log: ReadableLog, position: number): Promise<Made> => {
    const near = kept.nearest(position);
    if (near === undefined || position - near.position > maxReplay)
      return { state: await stateAt(files, log, position), base: undefined };
    // A state of the grid stands by itself; others are a few changes over one.
    const full = position % grid === 0;
    const { state, fold } = full ? createFull(near) : createLatest(near);
    await replay(log, { after: near.position, upTo: position }, fold);
    return { state, base: full ? undefined : near };
  };
  /** The state after a position, from the nearest one that is kept or from a checkpoint. */
  const load = async ({ log, began }: Opened, position: number): Promise<State> => {
    // What is kept is of another log by now.
    if (began !== generation) return stateAt(files, log, position);
    const known = kept.find(position);
    if (known !== undefined) return known;
    const running = loading.get(position) ?? make(log, position).finally(() => loading.delete(position));
    loading.set(position, running);
    // A state of a log that is not there any more is answered, but not kept.
    const { state, base } = await running;
    return began === generation ? kept.add(state, base) : state;
  };
  const isThere = (log: ReadableLog, position: number) =>
    position > (log.gone?.upTo ?? 0) && position < log.end.position;
  /** Through the state of the grid before it, which its neighbours begin with too. */
  const through = async (opened: Opened, position: number): Promise<State> => {
    const { log } = opened;
    const below = Math.floor(position / grid) * grid;
    const near = kept.nearest(position)?.position ?? Number.NEGATIVE_INFINITY;
    // The newest checkpoint is nearer to the end than the last one up to the grid.
    const direct = position === log.end.position && position - near > maxReplay;
    if (!direct && near < below && isThere(log, below)) await load(opened, below);
    return load(opened, position);
  };
  const question = async (position: (log: ReadableLog) => number | Promise<number>): Promise<State> => {
    asking += 1;
    try {
      return await withLog(files, async (log) => {
        const opened = { log, began: generation };
        return through(opened, await position(log));
      });
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
      const began = generation;
      while (began === generation) {
        while (asking > 0 || performance.now() - asked < idlePause) await pause(idlePause);
        const cell = Math.floor(centre / grid);
        const ahead = neighbours.map((at) => (cell + at) * grid);
        const next = ahead.find((position) => isThere(log, position) && kept.find(position) === undefined);
        if (next === undefined || kept.isFull(ahead)) return;
        await load({ log, began }, next);
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
