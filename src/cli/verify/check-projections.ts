import { toRows } from '../../../projections/rows.ts';
import { evolve, freeze, initialState, type State, thaw } from '../../../projections/state.ts';
import type { Checkpoint, CheckpointStore } from '../../ports/checkpoint-store.ts';
import type { ReadableLog } from '../world.ts';
import type { Finding, StepReport } from './step-report.ts';

/** The state that the whole log gives, and how the checkpoints compare with it. */
export interface Replayed {
  readonly state: State;
  readonly report: StepReport;
}

/** Folds the log from its first event and, at each checkpoint's position, compares every row. */
export async function checkProjections(log: ReadableLog, checkpoints: CheckpointStore): Promise<Replayed> {
  const { found, damaged } = await loaded(checkpoints);
  const { state, differing } = await replay(log, found);
  const foreign: Finding[] = [];
  const notes: string[] = [];
  for (const { place } of found) {
    if (place.position > log.end.position) {
      notes.push(`the checkpoint at position ${place.position} is newer than what was read of the log`);
    } else if ((await log.markAt(place.position)) !== place.mark) {
      foreign.push({
        what: `the checkpoint at position ${place.position} was made of another history than this log's`,
        todo: 'bring back the log that belongs to this root; if this one is right, delete the checkpoints directory',
      });
    }
  }
  return {
    state,
    report: {
      step: 'projections',
      figures: { events: state.position, checkpoints: found.length, snapshots: state.index.size },
      findings: [...damaged, ...foreign, ...differing],
      notes,
      corrupt: foreign.length > 0,
    },
  };
}

async function loaded(checkpoints: CheckpointStore) {
  const damaged: Finding[] = [];
  const found: Checkpoint[] = [];
  const tell = (file: string, why: string) =>
    damaged.push({ what: `${file}: ${why}`, todo: 'delete the file: it only costs a longer replay at the next start' });
  for await (const checkpoint of checkpoints.load(tell)) found.push(checkpoint);
  return { found, damaged };
}

async function replay(log: ReadableLog, checkpoints: readonly Checkpoint[]) {
  const at = new Map(checkpoints.map((checkpoint) => [checkpoint.place.position, checkpoint]));
  const differing: Finding[] = [];
  let state = thaw(initialState);
  for await (const envelopes of log.read(0)) {
    for (const envelope of envelopes) {
      state = evolve(state, envelope);
      const checkpoint = at.get(state.position);
      if (checkpoint !== undefined) differing.push(...compare(state, checkpoint));
    }
  }
  return { state: freeze(state), differing };
}

function compare(state: State, { place, rows }: Checkpoint): readonly Finding[] {
  const replayed = new Set([...toRows(state)].map(canonical));
  const kept = new Set(rows.map(canonical));
  const differing =
    [...replayed].filter((row) => !kept.has(row)).length + [...kept].filter((row) => !replayed.has(row)).length;
  if (differing === 0) return [];
  return [
    {
      what: `the checkpoint at position ${place.position} differs from the log in ${differing} rows`,
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
