import type { EmptyLayer } from '../../../events/codecs.ts';
import type { Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { Answer, Commit } from '../../domain/commands.ts';
import { errorText, faultOf } from '../../ports/fault.ts';
import type { Volume } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { answersSent } from '../answers.ts';
import { execute, type StoreContext } from './execute.ts';
import { expectServing } from './log-health.ts';
import { pathOf, snapshotUnder, snapshotWith, volumeOf } from './volume-of.ts';

/**
 * Commit: the layer is flushed (one of nothing is described instead) and frozen, then the event is appended, then the active's rest dropped in the background. No file of
 * the layer is read, unless it is a layer to rebase. If any step fails, the active still exists and is writable.
 */
export function commitSnapshot(context: StoreContext, command: Commit, actor: Meta): Promise<Answer<void>> {
  const { journal, driver, durability, failpoint } = context;
  let flushed = false;
  let empty: EmptyLayer | undefined;
  let frozen: (Volume & { readonly onto: number | undefined }) | undefined;
  const onDisk = async (step: 'flush' | 'freeze', volume: Volume, operation: () => Promise<void>) => {
    try {
      failpoint(`commit.${step}`);
      await operation();
    } catch (error) {
      await unfreeze(context, command, volume, error);
      recordUndone(context, command, { id: volume.id, step, error });
      throw faultOf(error, `commit ${command.key}: ${step} of ${pathOf(volume.id)}`);
    }
  };
  const flushAndFreeze = async (volume: Volume, onto: number | undefined) => {
    expectServing(journal);
    frozen = undefined;
    if (!flushed)
      await onDisk('flush', volume, async () => {
        if (driver.traits.durableFreeze) return;
        empty = driver.describeEmpty(volume.id);
        if (durability === 'commit' && empty === undefined) await driver.flush(volume);
      });
    flushed = true;
    await onDisk('freeze', volume, () => driver.freeze(volume, onto));
    frozen = { ...volume, onto };
  };
  return execute(context, command, {
    name: 'commit',
    actor,
    before: ({ events: [event] }, asked) => {
      const { latest } = journal;
      const active = snapshotUnder(latest, command.key);
      const onto = event?.type === 'SnapshotCommitted' ? newParent(event.data.parentId, active) : undefined;
      // Another layer may have taken the parent's name meanwhile.
      if (frozen !== undefined && frozen.onto === onto) return undefined;
      return flushAndFreeze(volumeOf(latest, active), onto).then(() =>
        empty === undefined ? asked : { ...asked, empty },
      );
    },
    during: () => {},
    undo: async ({ error }) => {
      const volume = frozen;
      frozen = undefined;
      if (volume !== undefined) await unfreeze(context, command, volume, error);
    },
    after: () => {
      if (frozen !== undefined) dropActiveSoon(context, command, frozen);
    },
    // A failed flush is never repeated: a second one can succeed although data was lost.
    retryable: () => flushed,
  });
}

/** The parent that a commit gives to an active without one. */
const newParent = (parent: number | null, active: Snapshot): number | undefined =>
  parent === null || parent === active.parentId ? undefined : parent;

/** By the time of a retry the next commit may have succeeded: the layer that it froze must stay frozen. */
async function unfreeze(
  { undo, driver, journal, locks, failpoint }: StoreContext,
  { key }: Commit,
  volume: Volume,
  cause: unknown,
): Promise<void> {
  const { id } = volume;
  const unfreezeNow = async () => {
    failpoint('undo.commit');
    await driver.unfreeze(volume);
  };
  const unlessCommitted = async () => {
    expectServing(journal);
    if (snapshotWith(journal.latest, id)?.kind === 'active') await unfreezeNow();
  };
  await undo({ operation: 'commit', id, key, path: pathOf(id), cause }, unfreezeNow, () =>
    locks.run([key], unlessCommitted),
  );
}

/** For the audit only: the state is the same without it. */
function recordUndone(
  { journal, logger }: StoreContext,
  { key, name }: Commit,
  { id, step, error }: { readonly id: number; readonly step: string; readonly error: unknown },
): void {
  const data = { id, key, name, step, error: errorText(error), left: pathOf(id), done: 'unfreeze' };
  journal.recordSoon([{ type: 'CommitUndone', data }], { actor: reconcilerActor, reserve: true }, (why) =>
    logger.warn({ id, key, error: errorText(why) }, 'failed commit not recorded'),
  );
}

/** Holds the lock of the name meanwhile, so that a Remove waits. */
function dropActiveSoon(
  { locks, driver, retrier, logger, failpoint }: StoreContext,
  { name }: Commit,
  volume: Volume,
): void {
  const drop = () =>
    locks.run([name], async () => {
      await answersSent();
      failpoint('commit.drop');
      await driver.dropActive({ ...volume, kind: 'committed' });
    });
  const about = { operation: 'commit', id: volume.id, key: name, path: pathOf(volume.id) };
  drop().catch((error) => {
    logger.error({ ...about, error: errorText(error) }, 'active not dropped');
    retrier.add(about, 'drop of the active', drop);
  });
}
