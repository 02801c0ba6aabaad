import * as either from 'fp-ts/lib/Either.js';
import type { Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { Prepare } from '../../domain/commands.ts';
import type { Answer } from '../../domain/refusal.ts';
import { errorText, faultOf, isTransient } from '../../ports/fault.ts';
import type { Mount, Volume } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { adoptLayer } from '../retention/adopt-layer.ts';
import { withRoom } from './retry-after-freeing.ts';
import { decideAndAct, type StoreContext } from './store-context.ts';
import { pathOf, preparedVolume } from './volume-of.ts';

/**
 * Prepare and View. Where the layer that an active is to become is there already, it is adopted instead; if space is
 * wanting that retained layers hold, they give way.
 */
export function prepareSnapshot(
  context: StoreContext,
  command: Prepare,
  actor: Meta,
): Promise<Answer<readonly Mount[]>> {
  return withRoom(
    context,
    async () => (await adoptLayer(context, command, actor)) ?? (await makeSnapshot(context, command, actor)),
  );
}

/**
 * The event is appended and the volume made at the same time, the answer given when both are done.
 * The disk refuses: PrepareUndone is recorded, the key is free again. The log refuses: the volume is purged.
 * What stands in the place of the volume is set aside first, and another id given.
 */
async function makeSnapshot(context: StoreContext, command: Prepare, actor: Meta): Promise<Answer<readonly Mount[]>> {
  const { journal, foreign, givenBack, failpoint } = context;
  for (;;) {
    const answer = await decideAndAct(context, command, async (events) => {
      const { storeInfo, position: before } = journal.latest;
      const id = storeInfo.lastId + 1;
      if (foreign.has(id)) return { occupied: id };
      failpoint('prepare.append');
      const recorded = journal.record(events, { actor });
      const { position } = journal.latest;
      if (position === before) await recorded;
      const volume = preparedVolume(journal.latest, command.key);
      return { mounts: await givenBack.track(makePrepared(context, command, { volume, position, recorded })) };
    });
    if (either.isLeft(answer)) return answer;
    if (answer.right.mounts !== undefined) return either.right(answer.right.mounts);
    await foreign.setAside(answer.right.occupied);
  }
}

interface Taken {
  readonly volume: Volume;
  readonly position: number;
  readonly recorded: Promise<unknown>;
}

async function makePrepared(
  context: StoreContext,
  command: Prepare,
  { volume, position, recorded }: Taken,
): Promise<readonly Mount[]> {
  const [log, disk] = await Promise.allSettled([recorded, makeVolume(context, volume)]);
  if (log.status === 'rejected') {
    await undoVolume(context, command, volume, log.reason);
    throw log.reason;
  }
  if (disk.status === 'rejected') {
    await undoPrepare(context, command, { volume, position, error: disk.reason });
    throw faultOf(disk.reason, `prepare ${command.key}: volume ${pathOf(volume.id)}`);
  }
  context.failpoint('prepare.answer');
  return disk.value;
}

/** The mounts are part of it: a volume that can't be mounted was not made. */
async function makeVolume({ driver, failpoint }: StoreContext, volume: Volume): Promise<readonly Mount[]> {
  failpoint('prepare.volume');
  if (driver.occupies(volume)) await driver.create(volume);
  failpoint('prepare.made');
  return driver.mounts(volume);
}

/**
 * After a fault that is not transient nobody can say whether the event is in the log: the next start decides about the volume.
 * A volume that the disk does not give up is recorded in the log, which has room kept for that: the purger has it from then on,
 * after a restart too.
 */
async function undoVolume(
  { undo, driver, journal, failpoint }: StoreContext,
  { key }: Prepare,
  { id }: Volume,
  cause: unknown,
): Promise<void> {
  if (!isTransient(cause)) return;
  const left = pathOf(id);
  const undone: Event = {
    type: 'PrepareUndone',
    data: { id, key, step: 'append', error: errorText(cause), left, done: 'purge' },
  };
  let recorded = false;
  const record = async () => {
    if (recorded) return;
    failpoint('undo.record');
    await journal.record([undone], { actor: reconcilerActor, reserve: true });
    recorded = true;
  };
  const purge = async () => {
    failpoint('undo.volume');
    await driver.purge(id);
  };
  const purged = await undo({ operation: 'prepare', id, key, path: left, cause }, purge, record);
  // Where this fails as well, the undo's next try is the next try of this.
  if (!purged) await record().catch(() => {});
}

interface Failed {
  readonly volume: Volume;
  readonly position: number;
  readonly error: unknown;
}

async function undoPrepare(
  { undo, journal, failpoint }: StoreContext,
  { key }: Prepare,
  { volume: { id }, position, error }: Failed,
): Promise<void> {
  const left = pathOf(id);
  const undone: Event = {
    type: 'PrepareUndone',
    data: { id, key, step: 'create', error: errorText(error), left, done: 'purge' },
  };
  await undo({ operation: 'prepare', id, key, path: left, cause: error }, async () => {
    failpoint('undo.prepare');
    await journal.record([undone], { actor: reconcilerActor, reserve: true, cause: position });
  });
}
