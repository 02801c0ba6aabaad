import * as t from 'io-ts';
import { Decimal, Kind, Nanoseconds } from '../../../events/codecs.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { ancestors } from '../../../projections/parent-graph.ts';
import { historiesIn, type SnapshotHistories, type SnapshotHistory } from '../../../projections/snapshot-history.ts';
import type { State } from '../../../projections/state.ts';
import { nearestKeys } from '../../domain/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { EventRow, nullable } from '../queries/query.ts';
import { snapshotWith } from '../store/volume-of.ts';
import { allEver, keysIn, meantIn, nearestHint } from './find-snapshot.ts';
import { mentioning, ofIds } from './read-events.ts';
import { stateAt, withLog } from './state-at.ts';

/** Another snapshot: `was` is its name as a parent or its key as a child at the time, `now` its key, null if it no longer exists. */
export const Relative = t.strict({ id: Decimal, was: t.string, now: nullable(t.string) }, 'Relative');
export type Relative = t.TypeOf<typeof Relative>;

/** The history of one snapshot. */
export const History = t.strict(
  {
    id: Decimal,
    key: t.string,
    name: nullable(t.string),
    kind: nullable(Kind),
    /** its key or name, null if it no longer exists */
    now: nullable(t.string),
    /** nanoseconds from its prepare to its commit or end, or until now; null if no prepare is known */
    activeFor: nullable(Nanoseconds),
    /** nearest first */
    parents: t.readonlyArray(Relative),
    /** all that were ever prepared on it, in order */
    children: t.readonlyArray(Relative),
    events: t.readonlyArray(EventRow),
  },
  'History',
);
export type History = t.TypeOf<typeof History> & Pick<SnapshotHistory, 'committed' | 'ended'>;

/**
 * The histories of all snapshots that ever had a key or name, oldest first, or of the one that is named otherwise, as
 * `meantIn`. Rejects with a Fault: `missing` with the nearest keys, or an Ambiguous.
 */
export const historyOf = (files: StoreFiles, key: string, now: bigint): Promise<readonly History[]> =>
  withLog(files, async (log) => {
    const state = await stateAt(files, log, log.end.position);
    const meant = await meantIn(log, async () => state, key);
    if (meant === undefined) throw await neverExisted(log, state, key);
    const ids = [...meant.ids].sort((a, b) => a - b);
    const found = historiesIn(await collected(mentioning(log, ofIds(ids))));
    const histories: History[] = [];
    for (const history of ids.flatMap((id) => found.get(id) ?? []))
      histories.push({
        ...history,
        now: snapshotWith(state, history.id)?.key ?? null,
        activeFor: activeTime(history, now),
        parents: await parentsOf(log, state, history),
        children: childrenOf(found, state, history.id),
      });
    return histories;
  });

async function collected(batches: AsyncIterable<readonly Envelope[]>): Promise<readonly Envelope[]> {
  const all: Envelope[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

function activeTime({ prepared, committed, ended }: SnapshotHistory, now: bigint): bigint | null {
  return prepared === null ? null : (committed?.time ?? ended?.time ?? now) - prepared.time;
}

function childrenOf(found: SnapshotHistories, state: State, id: number): readonly Relative[] {
  return [...found.values()]
    .filter((one) => one.parentId === id && one.prepared !== null)
    .map((child) => ({ id: child.id, was: child.key, now: snapshotWith(state, child.id)?.key ?? null }));
}

/** The parents of an existing parent exist too; those of one that is gone are looked up one after the other. */
async function parentsOf(
  log: ReadableLog,
  state: State,
  { parent, parentId }: SnapshotHistory,
): Promise<readonly Relative[]> {
  const parents: Relative[] = [];
  for (let next = { name: parent, id: parentId }; next.id !== null; ) {
    const { id, name } = next;
    if (state.parentGraph.has(id)) return [...parents, ...existing(state, id)];
    parents.push({ id, was: name, now: null });
    const history = historiesIn(await collected(mentioning(log, [{ field: 'id', value: String(id) }]))).get(id);
    next = { name: history?.parent ?? '', id: history?.parentId ?? null };
  }
  return parents;
}

function existing(state: State, id: number): readonly Relative[] {
  return ancestors(state.parentGraph, id).map((one) => {
    const key = snapshotWith(state, one)?.key ?? '';
    return { id: one, was: key, now: key };
  });
}

async function neverExisted(log: ReadableLog, state: State, key: string): Promise<Fault> {
  const now = nearestKeys(key, keysIn(state));
  const near = now.length > 0 ? now : nearestKeys(key, new Set((await allEver(log)).map((one) => one.key)));
  const unseen = log.gone === undefined ? '' : ` in what the log contains; ${log.gone.fault.message}`;
  return new Fault('missing', `${key}: no snapshot ever had this key, name or id${unseen}`, {
    hint: nearestHint(near, '`snapledger ls` lists the existing ones'),
  });
}

/** The key or name that a text names in a log, as `meantIn`. Rejects as `historyOf`. */
export async function knownKey(files: StoreFiles, log: ReadableLog, text: string): Promise<string> {
  const load = () => stateAt(files, log, log.end.position);
  const meant = await meantIn(log, load, text);
  if (meant === undefined) throw await neverExisted(log, await load(), text);
  return meant.key;
}
