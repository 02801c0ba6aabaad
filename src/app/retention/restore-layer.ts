import * as either from 'fp-ts/lib/Either.js';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { usageDifference } from '../../../projections/usage.ts';
import type { Retained } from '../../../projections/volumes.ts';
import { restoration } from '../../domain/adoption.ts';
import { type Answer, refuse } from '../../domain/commands.ts';
import { restorable } from '../../domain/restore.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { operatorActor } from '../actors.ts';
import type { StoreContext } from '../store/execute.ts';
import type { Journal } from '../store/journal.ts';
import { expectServing } from '../store/log-health.ts';
import { layerWith, pathOf, snapshotWith } from '../store/volume-of.ts';

/**
 * Restores a retained layer by its name or id, after those of its parents that are retained too. Answers the restored
 * snapshots, parents first, when that is on stable storage. A layer that was changed since its commit is refused and left as it is.
 */
export async function restoreLayer(context: StoreContext, name: string): Promise<Answer<readonly Snapshot[]>> {
  const { journal, logger } = context;
  expectServing(journal);
  const examined = new Set<number>();
  for (;;) {
    const found = restorable(journal.latest, name);
    if (either.isLeft(found)) return found;
    const next = found.right.find(({ snapshot }) => !examined.has(snapshot.id))?.snapshot;
    // Decide and record in one turn of the event loop: what happened during the walks counts.
    if (next === undefined) return restore(context, found.right);
    const { id, key } = next;
    const why = await defectOf(context, id);
    examined.add(id);
    if (why === undefined) continue;
    logger.warn({ id, key, error: why }, 'layer not restored: it is not what was committed');
    return refuse('failed-precondition', `snapshot ${key}: ${pathOf(id)}: ${why}`);
  }
}

async function restore(
  { journal, failpoint }: StoreContext,
  layers: readonly Retained[],
): Promise<Answer<readonly Snapshot[]>> {
  failpoint('restore.append');
  const events = layers.map((retained) => restoration(retained, 'by hand'));
  await journal.record(events, { actor: operatorActor });
  failpoint('restore.answer');
  return either.right(layers.flatMap(({ snapshot }) => snapshotWith(journal.durable, snapshot.id) ?? []));
}

interface Context {
  readonly journal: Pick<Journal, 'latest'>;
  readonly driver: Pick<VolumeDriver, 'hasCommitted' | 'usage'>;
}

/**
 * How a layer, existing or retained, differs from the one that was committed, as far as its usage shows, or undefined. Walks
 * metadata off the main thread; reads no file. A layer that was not measured yet only has to exist. Rejects with a Fault if it
 * can't be walked.
 */
export async function defectOf({ journal, driver }: Context, id: number): Promise<string | undefined> {
  if (!driver.hasCommitted(id)) return 'its volume is not on the disk any more';
  const measured = journal.latest.usage.get(id);
  const layer = layerWith(journal.latest, id);
  if (measured === undefined || layer === undefined) return undefined;
  const why = usageDifference(measured, await driver.usage(layer.volume));
  return why && `its volume was changed after its commit: ${why}`;
}
