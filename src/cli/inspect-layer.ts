import type { State } from '../../projections/state.ts';
import type { Action } from '../app/reconcile/action.ts';
import { type FoundVolume, plan } from '../app/reconcile/plan.ts';
import { crashOf, wantedOf } from '../app/reconcile/wanted.ts';
import type { VolumeScan } from './cli-deps.ts';

export interface Look {
  /** what the reconciler would do */
  readonly actions: readonly Action[];
  /** the entries that the disk has */
  readonly found: readonly FoundVolume[];
}

/** Compares the disk with a state by the reconciler's own plan, as the next start would. Changes nothing. */
export async function look(state: State, volumes: VolumeScan): Promise<Look> {
  const wanted = wantedOf(state, volumes, crashOf(state, volumes.boot));
  const found: FoundVolume[] = [];
  for (const volume of await volumes.scan()) {
    const unknown = volume.id !== null && volume.id > wanted.lastId;
    found.push({ ...volume, pristine: unknown && (await volumes.isPristine(volume)) });
  }
  return { actions: plan(wanted, found), found };
}
