import type { Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { Answer, Prepare } from '../../domain/commands.ts';
import { errorText, faultOf } from '../../ports/fault.ts';
import { once } from '../../ports/promises.ts';
import type { Mount, Volume } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { createStaging, isIntact } from '../retention/stage-layer.ts';
import { execute, type Failure, type StoreContext } from './execute.ts';
import { pathOf, snapshotUnder, volumeOf } from './volume-of.ts';

/**
 * Prepare and View. The volume is created while the event is appended, and both must succeed. A layer that exists already is
 * verified before containerd may adopt it, or before it is copied; the copy is placed when the event is durable, so that no volume
 * above the log's last id has content. A foreign volume under the new id is set aside first, and another id given.
 */
export function prepareSnapshot(
  context: StoreContext,
  command: Prepare,
  actor: Meta,
): Promise<Answer<readonly Mount[]>> {
  const { journal, foreign, sources } = context;
  const staging = createStaging(context);
  const intact = new Set<number>();
  let prepared: Prepared | undefined;
  const verify = async (id: number, asked: Prepare): Promise<Prepare> => {
    if (!(await isIntact(context, id, 'adopted'))) return { ...asked, adopt: false };
    intact.add(id);
    return asked;
  };
  const answer = execute(context, sources === undefined ? command : { ...command, sources: sources.of(command) }, {
    name: 'prepare',
    actor,
    before: ({ adopts, stages }, asked) => {
      if (adopts !== undefined) return intact.has(adopts) ? undefined : verify(adopts, asked);
      if (stages !== staging.source)
        return staging.copy(stages).then((done) => (done ? asked : { ...asked, sources: [] }));
      const id = journal.latest.storeInfo.lastId + 1;
      return foreign.has(id) ? foreign.setAside(id).then(() => asked) : undefined;
    },
    during: (state) => {
      const volume = volumeOf(state, snapshotUnder(state, command.key));
      prepared = { id: volume.id, position: state.position };
      return createVolume(context, command, volume);
    },
    undo: async (failure) => {
      if (prepared !== undefined) await undoPrepare(context, command, { ...prepared, ...failure });
      prepared = undefined;
    },
    after: async () => {
      if (prepared === undefined) return;
      try {
        await staging.place(prepared.id);
      } catch (error) {
        await undoPrepare(context, command, { ...prepared, step: 'during', error });
        throw error;
      }
    },
  });
  return answer.finally(() => staging.discard());
}

/** The snapshot that was recorded, with the position of its event. */
interface Prepared {
  readonly id: number;
  readonly position: number;
}

/** A volume that can't be mounted counts as not created. */
async function createVolume(
  { driver, failpoint }: StoreContext,
  { key }: Prepare,
  volume: Volume,
): Promise<readonly Mount[]> {
  try {
    failpoint('prepare.volume');
    if (driver.occupies(volume)) await driver.create(volume);
    failpoint('prepare.made');
    return await driver.mounts(volume);
  } catch (error) {
    throw faultOf(error, `prepare ${key}: volume ${pathOf(volume.id)}`);
  }
}

/**
 * The disk failed: the undo is recorded, and the key is free again. The append was rolled back: the volume is purged. If that
 * fails, it is recorded as pending purge, in space that the log reserves: the purger then retries it, after a restart too.
 */
async function undoPrepare(
  context: StoreContext,
  { key }: Prepare,
  { step, error, id, position }: Failure & Prepared,
): Promise<void> {
  const { undo, driver, journal, failpoint } = context;
  const path = pathOf(id);
  const about = { operation: 'prepare', id, key, path, cause: error } as const;
  const undone = (failed: 'append' | 'create'): Event => ({
    type: 'PrepareUndone',
    data: { id, key, step: failed, error: errorText(error), left: path, done: 'purge' },
  });
  if (step === 'during') {
    await undo(about, async () => {
      failpoint('undo.prepare');
      await journal.record([undone('create')], { actor: reconcilerActor, reserve: true, cause: position });
    });
    return;
  }
  const record = once(async () => {
    failpoint('undo.record');
    await journal.record([undone('append')], { actor: reconcilerActor, reserve: true });
  });
  const purge = async () => {
    failpoint('undo.volume');
    await driver.purge(id);
    // The next prepare gets this id: a power cut must not bring this volume back in place of its own.
    await driver.syncMetadata();
  };
  // If this fails as well, the undo's next try is the next try of this.
  if (!(await undo(about, purge, record))) await record().catch(() => {});
}
