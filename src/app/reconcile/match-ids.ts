import { setImmediate as turn } from 'node:timers/promises';
import type { Kind } from '../../../events/codecs.ts';
import type { State } from '../../../projections/state.ts';
import type { Found, SnapshotIds, VolumeDriver } from '../../ports/volume-driver.ts';

/**
 * After an orderly end the names alone tell whether there is anything to do: every volume was whole when the store was left.
 * Whether exactly the volumes are there that the state wants, and none waits for its purge.
 */
export function isAccounted(
  { volumes }: State,
  driver: Pick<VolumeDriver, 'occupies'>,
  { ids, unknownEntries }: SnapshotIds,
): boolean {
  if (unknownEntries > 0 || volumes.pendingPurge.size > 0) return false;
  const there = new Set(ids);
  let [wanted, missing] = [0, 0];
  const want = (id: number) => {
    wanted += 1;
    if (!there.has(id)) missing += 1;
  };
  volumes.retained.each(want);
  volumes.wanted.each((id, volume) => {
    if (driver.occupies(volume)) want(id);
  });
  return missing === 0 && wanted === there.size;
}

/** Volumes between two turns of the event loop. */
const slice = 2_000;

/**
 * How many of the wanted volumes are not as they should be inside, by a scan since which the store may have changed: where
 * there are any, only the reconciler can tell. Holds up nothing.
 */
export async function countUnlike(
  { volumes }: State,
  driver: Pick<VolumeDriver, 'occupies'>,
  found: readonly Found[],
): Promise<number> {
  const kinds = new Map<number | null, Kind>();
  for (const [id, { kind }] of volumes.wanted) {
    kinds.set(id, kind);
    if (kinds.size % slice === 0) await turn();
  }
  for (const [id] of volumes.retained) kinds.set(id, 'committed');
  let count = 0;
  for (const [at, volume] of found.entries()) {
    if (at % slice === 0) await turn();
    const kind = kinds.get(volume.id);
    if (kind !== undefined && driver.occupies({ kind }) && !isLike(kind, volume)) count += 1;
  }
  return count;
}

function isLike(kind: Kind, { layer, complete, frozen, writable }: Found): boolean {
  if (!layer || frozen) return false;
  return kind === 'committed' ? !writable : complete;
}
