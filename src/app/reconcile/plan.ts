import type { State } from '../../../projections/state.ts';
import type { Found, VolumeDriver } from '../../ports/volume-driver.ts';
import type { Action } from './action.ts';
import { type Crash, type Wanted, type WantedVolume, wantedOf } from './wanted.ts';

/** What a scan met, with what was looked at more closely: `pristine` where nobody can have written into it, as far as that is known. */
export interface FoundVolume extends Found {
  readonly pristine?: boolean;
}

/**
 * The deeds that bring the disk to what the log says, in the order in which they must be done. Pure. Nothing that anybody
 * can have written into is ever deleted without the log asking for it.
 */
export function plan(wanted: Wanted, found: readonly FoundVolume[]): readonly Action[] {
  const byId = new Map<number, Found>();
  for (const volume of found) if (volume.id !== null) byId.set(volume.id, volume);
  const lost = lostVolumes(wanted, byId);
  return [
    ...lost.values(),
    ...explanations(found, wanted, lost),
    ...recreations(wanted, byId, lost),
    ...[...wanted.pendingPurge].map(
      ([id, { why, since }]): Action => ({ type: 'purge', id, why: `${why} at position ${since}` }),
    ),
  ];
}

type Lost = Extract<Action, { type: 'declare-lost' | 'end-retention' }>;

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
    .map(({ id, retained }) => {
      const { parents } = wanted.volume(id);
      return { id, retained, parent: parents[0], depth: parents.length };
    })
    .sort((a, b) => a.depth - b.depth);
  for (const { id, parent, retained } of parentsFirst) {
    const before = parent === undefined ? undefined : lost.get(parent);
    const why = vanished.get(id) ?? (before && `its parent ${before.key} is lost`);
    const type = retained ? 'end-retention' : 'declare-lost';
    if (why !== undefined) lost.set(id, { type, id, key: wanted.key(id), why });
  }
  return new Map([...lost].reverse());
}

function gone({ id, kind, fresh, occupies, unsafe }: WantedVolume, found: Found | undefined): string | undefined {
  if (unsafe) return `the data of snapshot ${id} was not known to be on stable storage when the power went`;
  if (kind === 'committed' && found?.writable === true)
    return `the frozen layer of committed snapshot ${id} is not on the disk any more, only what can still change`;
  if (!occupies || found?.layer === true || fresh) return undefined;
  return `the content of ${kind} snapshot ${id} is not on the disk any more`;
}

/** What becomes of everything that is on the disk. */
function* explanations(
  found: readonly FoundVolume[],
  wanted: Wanted,
  lost: ReadonlyMap<number, Lost>,
): IterableIterator<Action> {
  for (const volume of found) {
    const action = explain(volume, wanted, lost);
    if (action !== undefined) yield action;
  }
}

function explain(found: FoundVolume, wanted: Wanted, lost: ReadonlyMap<number, Lost>): Action | undefined {
  const { id, path } = found;
  if (id === null) return aside(found, `${path}: its name is not a snapshot's number`);
  const verdict = lost.get(id);
  // What is left of a retained one is purged: it was removed.
  if (verdict !== undefined) return verdict.type === 'declare-lost' ? aside(found, verdict.why) : undefined;
  if (wanted.has(id)) return found.frozen ? sealed(wanted, id) : undefined;
  if (wanted.pendingPurge.has(id)) return undefined;
  if (id <= wanted.lastId) return aside(found, `no living snapshot has the number ${id}`);
  if (found.pristine !== true)
    return aside(
      found,
      `newer than the log's last number ${wanted.lastId} and written into: is this log an older copy?`,
    );
  const why = `past the log's last number ${wanted.lastId}, never acknowledged and empty`;
  return { type: 'discard', id, path, found, why };
}

const aside = (found: FoundVolume, why: string): Action => ({
  type: 'quarantine',
  id: found.id,
  path: found.path,
  found,
  why,
});

/** A seal beside an active: the log says whether the commit came about. */
function sealed(wanted: Wanted, id: number): Action {
  const [volume, key] = [wanted.volume(id), wanted.key(id)];
  return volume.kind === 'committed'
    ? { type: 'finish-commit', id, key, volume, why: 'committed, but the rest of the active is still there' }
    : { type: 'undo-commit', id, key, volume, why: 'sealed, but its commit is not in the log' };
}

function* recreations(
  wanted: Wanted,
  found: ReadonlyMap<number, Found>,
  lost: ReadonlyMap<number, Lost>,
): IterableIterator<Action> {
  for (const { id, kind, occupies, fresh } of wanted.volumes()) {
    if (kind === 'committed' || !occupies || lost.has(id)) continue;
    const there = found.get(id);
    if (there?.layer !== true) {
      if (fresh) yield { type: 'recreate', id, volume: wanted.volume(id), why: notFinished };
    } else if (!there.complete) yield { type: 'complete', id, volume: wanted.volume(id), why: partMissing };
  }
}

const notFinished = 'prepared, but its volume was never finished';
const partMissing = 'a part that an active needs is missing';

/**
 * Looks at the disk and answers what there is to do. `crash` as for `wantedOf`; `scanning` is a scan that was begun
 * before, since which nothing has changed the disk. Changes nothing.
 */
export async function planFor(
  state: () => State,
  driver: VolumeDriver,
  crash: Crash | null,
  scanning = driver.scan(),
): Promise<readonly Action[]> {
  const scanned = await scanning;
  const { lastId } = state().storeInfo;
  const found: FoundVolume[] = [];
  for (const volume of scanned) {
    const unknown = volume.id !== null && volume.id > lastId;
    found.push(unknown ? { ...volume, pristine: await driver.isPristine(volume) } : volume);
  }
  // In one turn: the state is folded in place.
  return plan(wantedOf(state(), driver, crash), found);
}

/** How many actions there are of each name. */
export function countByType(actions: readonly Action[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of actions) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
