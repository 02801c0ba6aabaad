import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { fromRows, toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../../projections/state.ts';
import type { Checkpoint } from '../../ports/checkpoint-store.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { Finding } from './step-report.ts';

/** A fact of the log and where it stands. */
export interface Noted<T extends 'LogRepaired' | 'OrphanQuarantined'> {
  readonly position: number;
  readonly data: EventOf<T>['data'];
}

export interface Replay {
  readonly state: State;
  readonly repairs: readonly Noted<'LogRepaired'>[];
  readonly quarantined: readonly Noted<'OrphanQuarantined'>[];
  /** checkpoints that hold other rows than the log gives at their position */
  readonly differing: readonly Finding[];
  /** lost positions that no checkpoint stands for: the replay ended there */
  readonly unbridged: readonly Finding[];
}

/** Folds a log from its first event. Where a repair left positions out, a checkpoint of a later one stands for them. */
export async function replay(log: ReadableLog, checkpoints: readonly Checkpoint[]): Promise<Replay> {
  const at = new Map(checkpoints.map((checkpoint) => [checkpoint.at.position, checkpoint]));
  const repairs: Noted<'LogRepaired'>[] = [];
  const quarantined: Noted<'OrphanQuarantined'>[] = [];
  const differing: Finding[] = [];
  let state = emptyState();
  const told = () => ({ state, repairs, quarantined, differing });
  for await (const envelopes of log.read(0)) {
    for (const envelope of envelopes) {
      const { event, position } = envelope;
      if (event.type === 'LogRepaired') repairs.push({ position, data: event.data });
      if (event.type === 'OrphanQuarantined') quarantined.push({ position, data: event.data });
      if (position > state.position + 1) {
        const after = stateOver(position - 1, checkpoints);
        if (after === undefined) return { ...told(), unbridged: [gap(state, envelope)] };
        state = after;
      }
      // What stands between a gap and the checkpoint that stands for it is history alone.
      if (position <= state.position) continue;
      evolve(state, envelope);
      const checkpoint = at.get(position);
      if (checkpoint !== undefined) differing.push(...compare(state, checkpoint));
    }
  }
  return { ...told(), unbridged: [] };
}

/** The state of the oldest checkpoint at or after a position. */
function stateOver(position: number, checkpoints: readonly Checkpoint[]): MutableState | undefined {
  const later = checkpoints.filter(({ at }) => at.position >= position);
  for (const { rows } of later.sort((a, b) => a.at.position - b.at.position)) {
    const state = fromRows(rows);
    if (either.isRight(state)) return state.right;
  }
  return undefined;
}

const gap = ({ position }: State, next: Envelope): Finding => ({
  what: `positions ${position + 1} to ${next.position - 1} are lost, and no readable checkpoint holds the state after them`,
  todo: 'bring back the file POSITION.base from the directory of that repair, below the log',
});

function compare(state: State, { at, rows }: Checkpoint): readonly Finding[] {
  const replayed = new Set(Array.from(toRows(state), canonical));
  const meant = either.match<string, State, Iterable<unknown>>((wrong) => [wrong], toRows)(fromRows(rows));
  const kept = new Set(Array.from(meant, canonical));
  const differing =
    [...replayed].filter((row) => !kept.has(row)).length + [...kept].filter((row) => !replayed.has(row)).length;
  if (differing === 0) return [];
  return [
    {
      what: `the checkpoint at position ${at.position} differs from the log in ${differing} rows`,
      todo: 'stop the daemon, delete the checkpoints directory and start it again: everything is replayed; then report this',
    },
  ];
}

/** JSON with sorted keys, so that equal rows are equal texts. */
const canonical = (row: unknown): string =>
  JSON.stringify(row, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
