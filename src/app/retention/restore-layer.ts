import * as either from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { restoration } from '../../domain/adopt.ts';
import { type Answer, refuse } from '../../domain/refusal.ts';
import { restorable } from '../../domain/restore.ts';
import { operatorActor } from '../actors.ts';
import { expectServing } from '../journal.ts';
import type { StoreContext } from '../store-context.ts';
import { snapshotWith } from '../volume-of.ts';

/**
 * Brings a retained layer back by its name or number, after those of its parents that are retained too. Answers what lives
 * again, parents first, when that is on stable storage.
 */
export async function restoreLayer(context: StoreContext, name: string): Promise<Answer<readonly Snapshot[]>> {
  const { journal, driver, reach } = context;
  expectServing(journal);
  const found = restorable(journal.latest, name);
  if (either.isLeft(found)) return found;
  const missing = found.right.find(({ snapshot }) => !driver.holds(snapshot.id));
  if (missing !== undefined) {
    const { id, key } = missing.snapshot;
    return refuse('failed-precondition', `snapshot ${key}: its volume snapshots/${id} is not on the disk any more`);
  }
  reach('restore.append');
  const events = found.right.map((retained) => restoration(retained, 'by hand'));
  await journal.record(events, { actor: operatorActor });
  reach('restore.answer');
  return either.right(found.right.flatMap(({ snapshot }) => snapshotWith(journal.durable, snapshot.id) ?? []));
}
