import { isDeepStrictEqual } from 'node:util';
import type { State } from '../../../projections/state.ts';
import type { Found, VolumeDriver } from '../../ports/volume-driver.ts';
import type { Action } from './action.ts';
import { type Crash, type Wanted, type WantedVolume, wantedOf } from './wanted.ts';

/**
 * What a scan found; `pristine` if it was inspected and no client can have written into it; `altered` if it was compared, and is not
 * the empty layer that was committed.
 */
export interface FoundVolume extends Found {
  readonly pristine?: boolean;
  readonly altered?: boolean;
}

/**
 * The actions that make the disk match the log, in their order. Pure. Nothing that a client can have written into is
 * deleted unless the log says so.
 */
export function plan(wanted: Wanted, found: readonly FoundVolume[]): readonly Action[] {
  const byId = new Map<number, FoundVolume>();
  for (const volume of found) if (volume.id !== null) byId.set(volume.id, volume);
  const lost = lostVolumes(wanted, byId);
  return [
    ...lost.values(),
    ...found.flatMap((volume) => explain(volume, wanted, lost) ?? []),
    ...recreations(wanted, byId, lost),
    ...[...wanted.pendingPurge].map(
      ([id, { why, since }]): Action => ({ type: 'purge', id, why: `${why} at position ${since}` }),
    ),
  ];
}

type Lost = Extract<Action, { type: 'declare-lost' | 'undo-prepare' | 'end-retention' }>;

/** Vanished volumes and all that descend from them, each child before its parent, so that the index never holds an orphan. */
function lostVolumes(wanted: Wanted, found: ReadonlyMap<number, Found>): ReadonlyMap<number, Lost> {
  const vanished = new Map<number, string>();
  for (const volume of wanted.volumes()) {
    const why = gone(volume, found.get(volume.id));
    if (why !== undefined) vanished.set(volume.id, why);
  }
  return vanished.size === 0 ? new Map() : withDescendants(wanted, vanished);
}

function withDescendants(wanted: Wanted, vanished: ReadonlyMap<number, string>): ReadonlyMap<number, Lost> {
  const lost = new Map<number, Lost>();
  const parentsFirst = [...wanted.volumes()]
    .map(({ id, retained, staged }) => {
      const { parents } = wanted.volume(id);
      return { id, retained, staged, parent: parents[0], depth: parents.length };
    })
    .sort((a, b) => a.depth - b.depth);
  for (const { id, parent, retained, staged } of parentsFirst) {
    const before = parent === undefined ? undefined : lost.get(parent);
    const why = vanished.get(id) ?? (before && `its parent ${before.key} is lost`);
    const type = retained ? 'end-retention' : staged ? 'undo-prepare' : 'declare-lost';
    if (why !== undefined) lost.set(id, { type, id, key: wanted.key(id), why });
  }
  return new Map([...lost].reverse());
}

function gone(
  { id, kind, fresh, occupies, unsafe, empty }: WantedVolume,
  found: Found | undefined,
): string | undefined {
  if (unsafe) return `the data of snapshot ${id} was not known to be on stable storage when the power went`;
  if (kind === 'committed' && found?.writable === true)
    return `the frozen layer of committed snapshot ${id} is not on the disk any more, only what can still change`;
  if (!occupies || found?.layer === true || fresh || empty !== undefined) return undefined;
  return `the content of ${kind} snapshot ${id} is not on the disk any more`;
}

/** What to do with something that is on the disk. */
function explain(found: FoundVolume, wanted: Wanted, lost: ReadonlyMap<number, Lost>): Action | undefined {
  const { id, path } = found;
  if (id === null)
    return aside(found, `${path}: ${path.startsWith('pool/') ? 'is no empty volume' : 'its name is no snapshot id'}`);
  const verdict = lost.get(id);
  // The rest of a retained or undone one is purged.
  if (verdict !== undefined) return verdict.type === 'declare-lost' ? aside(found, verdict.why) : undefined;
  if (wanted.has(id)) return found.frozen ? endCommit(wanted, id) : undefined;
  if (wanted.pendingPurge.has(id)) return undefined;
  if (id <= wanted.lastId) return aside(found, `no live snapshot has id ${id}`);
  if (found.pristine !== true)
    return aside(found, `newer than the log's last id ${wanted.lastId} and written into: is this log an older copy?`);
  const why = `above the log's last id ${wanted.lastId}, never acknowledged and empty`;
  return { type: 'discard', id, path, found, why };
}

const aside = (found: FoundVolume, why: string): Action => {
  const { id, path } = found;
  return { type: 'quarantine', id, path, found, why };
};

/** A frozen layer beside an active: the log says whether its commit was recorded. */
function endCommit(wanted: Wanted, id: number): Action {
  const [volume, key] = [wanted.volume(id), wanted.key(id)];
  return volume.kind === 'committed'
    ? { type: 'finish-commit', id, key, volume, why: 'committed, but the rest of the active still exists' }
    : { type: 'undo-commit', id, key, volume, why: 'frozen, but its commit is not in the log' };
}

function* recreations(
  wanted: Wanted,
  found: ReadonlyMap<number, FoundVolume>,
  lost: ReadonlyMap<number, Lost>,
): IterableIterator<Action> {
  for (const { id, kind, occupies, fresh, empty } of wanted.volumes()) {
    if (!occupies || lost.has(id)) continue;
    const present = found.get(id);
    if (kind === 'committed') {
      if (empty === undefined || (present?.layer === true && present.altered !== true)) continue;
      yield { type: 'recreate', id, volume: wanted.volume(id), why: present?.layer ? emptyAltered : emptyMissing };
    } else if (present?.layer !== true) {
      if (fresh) yield { type: 'recreate', id, volume: wanted.volume(id), why: notFinished };
    } else if (!present.complete) yield { type: 'complete', id, volume: wanted.volume(id), why: partMissing };
  }
}

const notFinished = 'prepared, but its volume was never finished';
const emptyMissing = 'an empty layer, which is not on the disk any more';
const emptyAltered = 'an empty layer, which a power cut has changed';
const partMissing = 'a part that an active needs is missing';

/** Compares the disk with the state. `crash` as for `wantedOf`; `scanning` may have begun before, if the disk has not changed since. */
export async function planFor(
  state: () => State,
  driver: VolumeDriver,
  crash: Crash | null,
  scanning = driver.scan(),
): Promise<readonly Action[]> {
  const scanned = await scanning;
  const { storeInfo, volumes } = state();
  const { lastId } = storeInfo;
  const found: FoundVolume[] = [];
  for (const volume of scanned) {
    const isNewer = volume.id !== null && volume.id > lastId;
    const empty = crash?.powerCut && volume.id !== null ? volumes.empty.get(volume.id) : undefined;
    if (isNewer) found.push({ ...volume, pristine: await driver.isPristine(volume) });
    else if (volume.id !== null && empty !== undefined)
      found.push({ ...volume, altered: !isDeepStrictEqual(driver.describeEmpty(volume.id), empty) });
    else found.push(volume);
  }
  // In one turn: the state is folded in place.
  return plan(wantedOf(state(), driver, crash), found);
}

/** How many actions there are of each type. */
export function countByType(actions: readonly Action[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of actions) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
