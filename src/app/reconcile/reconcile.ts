import type { State } from '../../../projections/state.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { Action } from './action.ts';
import { type FoundVolume, plan } from './plan.ts';
import { type Crash, wantedOf } from './wanted.ts';

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
  const wanted = wantedOf(state(), driver, crash);
  const found: FoundVolume[] = [];
  for (const volume of scanned) {
    const unknown = volume.id !== null && volume.id > wanted.lastId;
    found.push(unknown ? { ...volume, pristine: await driver.isPristine(volume) } : volume);
  }
  return plan(wanted, found);
}

/** How many actions there are of each name. */
export function counted(actions: readonly Action[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of actions) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}
