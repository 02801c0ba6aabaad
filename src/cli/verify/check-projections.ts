import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { areComplete, fromRows, toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../../projections/state.ts';
import type { Checkpoint, CheckpointStore } from '../../ports/checkpoint-store.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { Finding, StepReport } from './report.ts';

/** The replayed log, and how the checkpoints compare with it. */
interface Replayed extends Pick<Replay, 'state' | 'repairs' | 'quarantined'> {
  readonly report: StepReport;
}

/**
 * Replays the log from its first event and compares every row at each checkpoint's position. `later` opens the log again some
 * time later: a daemon may have written a checkpoint after the log was opened here.
 */
export async function checkProjections(
  log: ReadableLog,
  checkpoints: Pick<CheckpointStore, 'load'>,
  later: <T>(fn: (log: ReadableLog) => Promise<T>) => Promise<T>,
): Promise<Replayed> {
  const { found, damaged } = await loaded(checkpoints);
  const { state, repairs, quarantined, differing, unbridged } = await replay(log, found);
  const foreign: Finding[] = [];
  for (const { at } of found) {
    const check = (opened: ReadableLog) => misplaced(opened, at);
    const wrong = await (at.position <= log.end.position ? check(log) : later(check));
    if (wrong !== undefined) foreign.push(wrong);
  }
  const report: StepReport = {
    step: 'projections',
    figures: { events: state.position, checkpoints: found.length, snapshots: state.index.size },
    findings: [...damaged, ...foreign, ...unbridged, ...differing],
    notes: [],
    corrupt: foreign.length + unbridged.length > 0,
  };
  return { state, repairs, quarantined, report };
}

async function misplaced(log: ReadableLog, { position, chainHash }: Checkpoint['at']): Promise<Finding | undefined> {
  if (position > log.end.position)
    return {
      what: `the log ends at position ${log.end.position}, but a checkpoint shows that it once held position ${position}`,
      todo: 'restore the newer log, or run `snapledger repair --dry-run`; to continue with this older log, delete the checkpoints directory',
    };
  if ((await log.chainHashAt(position)) === chainHash) return undefined;
  return {
    what: `the checkpoint at position ${position} belongs to another log`,
    todo: 'bring back the log that belongs to this root; if this one is right, delete the checkpoints directory',
  };
}

async function loaded(checkpoints: Pick<CheckpointStore, 'load'>) {
  const damaged: Finding[] = [];
  const found: Checkpoint[] = [];
  const report = (file: string, why: string) => damaged.push({ what: `${file}: ${why}`, todo: todoOf(file) });
  for await (const checkpoint of checkpoints.load(report)) found.push(checkpoint);
  return { found, damaged };
}

const todoOf = (file: string) =>
  file.endsWith('.base')
    ? 'restore it from the directory of that repair: it replaces positions that the log lacks'
    : 'delete the file: the next start only has to replay more';

/** Data of an event with its position. */
export interface Noted<T extends 'LogRepaired' | 'OrphanQuarantined'> {
  readonly position: number;
  readonly data: EventOf<T>['data'];
}

interface Replay {
  readonly state: State;
  readonly repairs: readonly Noted<'LogRepaired'>[];
  readonly quarantined: readonly Noted<'OrphanQuarantined'>[];
  /** checkpoints that differ from the log at their position */
  readonly differing: readonly Finding[];
  /** lost positions that no checkpoint replaces: the replay ended there */
  readonly unbridged: readonly Finding[];
}

/** Replays a log from its first event. For positions left out by a repair, a checkpoint of a later position is used. */
export async function replay(log: ReadableLog, checkpoints: readonly Checkpoint[]): Promise<Replay> {
  const at = new Map(checkpoints.map((checkpoint) => [checkpoint.at.position, checkpoint]));
  const repairs: Noted<'LogRepaired'>[] = [];
  const quarantined: Noted<'OrphanQuarantined'>[] = [];
  const differing: Finding[] = [];
  let state = emptyState();
  const result = () => ({ state, repairs, quarantined, differing });
  for await (const envelopes of log.read(0)) {
    for (const envelope of envelopes) {
      const { event, position } = envelope;
      if (event.type === 'LogRepaired') repairs.push({ position, data: event.data });
      if (event.type === 'OrphanQuarantined') quarantined.push({ position, data: event.data });
      if (position > state.position + 1) {
        const after = stateOver(position - 1, checkpoints);
        if (after === undefined) return { ...result(), unbridged: [gap(state, envelope)] };
        state = after;
      }
      // Events between a gap and the checkpoint that replaces it are history only.
      if (position <= state.position) continue;
      evolve(state, envelope);
      const checkpoint = at.get(position);
      if (checkpoint !== undefined) differing.push(...compare(state, checkpoint));
    }
  }
  return { ...result(), unbridged: [] };
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
  const replayed = new Set(Array.from(toRows(areComplete(rows) ? state : asBefore(state)), canonical));
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

/** What a release before images and nodes were recorded knows of a state. */
function asBefore({ storeInfo: { node: _, ...storeInfo }, ...state }: State): State {
  return { ...state, storeInfo, images: new Map() };
}

/** JSON with sorted keys, so that equal rows are equal texts. */
const canonical = (row: unknown): string =>
  JSON.stringify(row, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
