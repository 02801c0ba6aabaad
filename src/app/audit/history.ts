import type { Envelope } from '../../../events/envelope.ts';
import { ancestors } from '../../../projections/parent-graph.ts';
import { historiesIn, type SnapshotHistories, type SnapshotHistory } from '../../../projections/snapshot-history.ts';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { snapshotWith } from '../store/volume-of.ts';
import { allEver, meantIn } from './find-snapshot.ts';
import { mentioning, ofIds } from './life-events.ts';
import { nearestKeys } from './nearest-keys.ts';
import { stateAt } from './state-at.ts';

/** Another snapshot in a history. */
export interface Kin {
  readonly id: number;
  /** as it was called at the time: its name as a parent, its key as a child */
  readonly was: string;
  /** as it is called now, null if it no longer exists */
  readonly now: string | null;
}

/** The history of one snapshot, and its relatives. */
export interface History extends SnapshotHistory {
  /** the key or name under which it still exists; null if it does not */
  readonly now: string | null;
  /** nanoseconds from its prepare to its commit or end; to `asked` for one that is still open; null where no prepare is known */
  readonly activeFor: bigint | null;
  /** the chain of its parents, nearest first */
  readonly parents: readonly Kin[];
  /** all that were ever prepared on it, in order */
  readonly children: readonly Kin[];
}

/**
 * The histories of all snapshots that ever stood under a key or name, oldest first, or of the one that is named otherwise, as
 * `meantIn`. `asked` is the time of asking. Rejects with a Fault: `missing` that names the nearest keys where there never was
 * any, or an Ambiguous.
 */
export async function historyOf(files: StoreFiles, key: string, asked: bigint): Promise<readonly History[]> {
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, log.end.position);
    const meant = await meantIn(log, async () => state, key);
    if (meant === undefined) throw await never(log, state, key);
    const { ids } = meant;
    const events = await collected(mentioning(log, ofIds(ids)));
    const all = historiesIn(events);
    const histories: History[] = [];
    for (const id of [...ids].sort((a, b) => a - b)) {
      const history = all.get(id);
      if (history === undefined) continue;
      histories.push({
        ...history,
        now: snapshotWith(state, id)?.key ?? null,
        activeFor: activeTime(history, asked),
        parents: await parentsOf(log, state, history),
        children: childrenOf(all, state, id),
      });
    }
    return histories;
  } finally {
    await log.close();
  }
}

async function collected(batches: AsyncIterable<readonly Envelope[]>): Promise<readonly Envelope[]> {
  const all: Envelope[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

function activeTime({ prepared, committed, ended }: SnapshotHistory, asked: bigint): bigint | null {
  return prepared === null ? null : (committed?.time ?? ended?.time ?? asked) - prepared.time;
}

function childrenOf(all: SnapshotHistories, state: State, id: number): readonly Kin[] {
  return [...all.values()]
    .filter((history) => history.parentId === id && history.prepared !== null)
    .map((child) => ({ id: child.id, was: child.key, now: snapshotWith(state, child.id)?.key ?? null }));
}

/** A living parent's own parents all live; those of one that is gone have to be looked up, one after the other. */
async function parentsOf(
  log: ReadableLog,
  state: State,
  { parent, parentId }: SnapshotHistory,
): Promise<readonly Kin[]> {
  const kin: Kin[] = [];
  for (let next = { name: parent, id: parentId }; next.id !== null; ) {
    const { id, name } = next;
    if (state.parentGraph.has(id)) return [...kin, ...living(state, id)];
    kin.push({ id, was: name, now: null });
    const history = historiesIn(await collected(mentioning(log, [{ field: 'id', value: String(id) }]))).get(id);
    next = { name: history?.parent ?? '', id: history?.parentId ?? null };
  }
  return kin;
}

function living(state: State, id: number): readonly Kin[] {
  return ancestors(state.parentGraph, id).map((one) => {
    const key = snapshotWith(state, one)?.key ?? '';
    return { id: one, was: key, now: key };
  });
}

/** The fault for a key that no event names, with the nearest of all that ever were. */
async function never(log: ReadableLog, state: State, key: string): Promise<Fault> {
  const living = nearestKeys(
    key,
    [...state.index.values()].map((snapshot) => snapshot.key),
  );
  const near = living.length > 0 ? living : nearestKeys(key, new Set((await allEver(log)).map((one) => one.key)));
  const unseen = log.gone === undefined ? '' : ` in what the log holds; ${log.gone.fault.message}`;
  return new Fault('missing', `${key}: no snapshot ever had this key, name or number${unseen}`, {
    hint: near.length > 0 ? `the nearest are: ${near.join(', ')}` : '`snapledger ls` lists the living ones',
  });
}

/** The key or name that a text names in a log, as `meantIn`. Rejects as `historyOf`. */
export async function knownKey(files: StoreFiles, log: ReadableLog, text: string): Promise<string> {
  const load = () => stateAt(files, log, log.end.position);
  const meant = await meantIn(log, load, text);
  if (meant === undefined) throw await never(log, await load(), text);
  return meant.key;
}
