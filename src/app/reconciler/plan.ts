import type { Found } from '../../ports/volume-driver.ts';
import type { Action } from './action.ts';
import type { Wanted, WantedVolume } from './wanted.ts';

/** What a scan met, with what was looked at more closely: `untouched` where nobody can have written into it. */
export interface FoundVolume extends Found {
  readonly untouched: boolean;
}

/**
 * The deeds that bring the disk to what the log says, in the order in which they must be done. Pure. Nothing that anybody
 * can have written into is ever deleted without the log asking for it.
 */
export function plan(wanted: Wanted, found: readonly FoundVolume[]): readonly Action[] {
  const byId = new Map(found.flatMap((volume) => (volume.id === null ? [] : [[volume.id, volume] as const])));
  const lost = lostVolumes(wanted, byId);
  return [
    ...[...lost.values()],
    ...found.flatMap((volume) => explain(volume, wanted, lost)),
    ...[...wanted.volumes.values()].flatMap((volume) => remake(volume, byId.get(volume.volume.id), lost)),
    ...[...wanted.doomed].map(
      ([id, { why, since }]): Action => ({ type: 'purge', id, why: `${why} at position ${since}` }),
    ),
  ];
}

type Lost = Extract<Action, { type: 'declare-lost' | 'end-retention' }>;

/** Vanished volumes and all that descend from them, each child before its parent, so that the index never holds an orphan. */
function lostVolumes(wanted: Wanted, found: ReadonlyMap<number, Found>): ReadonlyMap<number, Lost> {
  const lost = new Map<number, Lost>();
  const judge = (id: number): Lost | undefined => {
    const volume = wanted.volumes.get(id);
    if (volume === undefined) return undefined;
    const parent = volume.parentId === null ? undefined : judged(volume.parentId);
    const why = gone(volume, found.get(id)) ?? (parent && `its parent ${parent.key} is lost`);
    const type = volume.retained ? 'end-retention' : 'declare-lost';
    return why === undefined ? undefined : { type, id, key: volume.key, why };
  };
  const seen = new Map<number, Lost | undefined>();
  const judged = (id: number): Lost | undefined => {
    if (!seen.has(id)) seen.set(id, judge(id));
    return seen.get(id);
  };
  const parentsFirst: Lost[] = [];
  for (const { volume } of [...wanted.volumes.values()].sort((a, b) => depth(a) - depth(b))) {
    const verdict = judged(volume.id);
    if (verdict !== undefined) parentsFirst.push(verdict);
  }
  for (const verdict of parentsFirst.reverse()) lost.set(verdict.id, verdict);
  return lost;
}

const depth = ({ volume }: WantedVolume): number => volume.parents.length;

function gone({ volume, fresh, occupies, unsafe }: WantedVolume, found: Found | undefined): string | undefined {
  if (unsafe) return `the data of snapshot ${volume.id} was not known to be on stable storage when the power went`;
  if (volume.kind === 'committed' && found?.unfrozen === true)
    return `the frozen layer of committed snapshot ${volume.id} is not on the disk any more, only what can still change`;
  if (!occupies || found?.layer === true || fresh) return undefined;
  return `the content of ${volume.kind} snapshot ${volume.id} is not on the disk any more`;
}

/** What becomes of something that is on the disk. */
function explain(found: FoundVolume, wanted: Wanted, lost: ReadonlyMap<number, Lost>): readonly Action[] {
  const { id, path } = found;
  if (id === null) return [aside(found, `${path}: its name is not a snapshot's number`)];
  const verdict = lost.get(id);
  // What is left of a retained one is purged: it was removed.
  if (verdict !== undefined) return verdict.type === 'declare-lost' ? [aside(found, verdict.why)] : [];
  const volume = wanted.volumes.get(id);
  if (volume !== undefined) return sealed(volume, found);
  if (wanted.doomed.has(id)) return [];
  if (id <= wanted.lastId) return [aside(found, `no living snapshot has the number ${id}`)];
  return found.untouched
    ? [
        {
          type: 'discard',
          id,
          path,
          found,
          why: `past the log's last number ${wanted.lastId}, never acknowledged and empty`,
        },
      ]
    : [aside(found, `newer than the log's last number ${wanted.lastId} and written into: is this log an older copy?`)];
}

const aside = (found: FoundVolume, why: string): Action => ({
  type: 'quarantine',
  id: found.id,
  path: found.path,
  found,
  why,
});

/** A seal beside an active: the log says whether the commit came about. */
function sealed({ volume, key }: WantedVolume, found: Found): readonly Action[] {
  if (!found.sealed) return [];
  const { id } = volume;
  return volume.kind === 'committed'
    ? [{ type: 'finish-commit', id, key, volume, why: 'committed, but the rest of the active is still there' }]
    : [{ type: 'undo-commit', id, key, volume, why: 'sealed, but its commit is not in the log' }];
}

function remake(
  { volume, fresh, occupies }: WantedVolume,
  found: Found | undefined,
  lost: ReadonlyMap<number, Lost>,
): readonly Action[] {
  const { id } = volume;
  if (lost.has(id) || !occupies || volume.kind === 'committed') return [];
  if (found?.layer !== true)
    return fresh ? [{ type: 'remake', id, volume, why: 'prepared, but its volume was never finished' }] : [];
  return found.whole ? [] : [{ type: 'complete', id, volume, why: 'a part that an active needs is missing' }];
}
