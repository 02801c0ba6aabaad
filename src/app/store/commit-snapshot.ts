import * as either from 'fp-ts/lib/Either.js';
import type { Meta } from '../../../events/envelope.ts';
import type { Commit } from '../../domain/commands.ts';
import type { Answer } from '../../domain/refusal.ts';
import { errorText, faultOf, isTransient } from '../../ports/fault.ts';
import type { Volume } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import { expectServing } from './journal.ts';
import { withRoom } from './retry-after-freeing.ts';
import { decideAndAct, type StoreContext } from './store-context.ts';
import { pathOf, preparedVolume, snapshotWith } from './volume-of.ts';

/**
 * Commit: the layer is flushed and sealed, then the event is appended, then the active's rest dropped in the background.
 * No file of the layer is looked at. Whatever fails on the way, the active is still there and writable.
 */
export async function commitSnapshot(context: StoreContext, command: Commit, actor: Meta): Promise<Answer<void>> {
  const checked = await decideAndAct(context, command, async () => preparedVolume(context.journal.latest, command.key));
  if (either.isLeft(checked)) return checked;
  const volume = checked.right;
  expectServing(context.journal);
  await flushVolume(context, command, volume);
  const committed = await withRoom(context, async () => {
    await sealVolume(context, command, volume);
    return recordCommit(context, command, { volume, actor });
  });
  if (either.isLeft(committed)) return committed;
  finishSoon(context, command, volume);
  context.failpoint('commit.answer');
  return committed;
}

/** Never tried again: what a failed flush has lost, no later one would miss. */
function flushVolume(context: StoreContext, command: Commit, volume: Volume): Promise<void> {
  const { driver, durability, failpoint } = context;
  return doStep(context, command, {
    volume,
    step: 'flush',
    deed: async () => {
      failpoint('commit.flush');
      if (durability === 'commit' && !driver.traits.durableFreeze) await driver.flush(volume);
    },
  });
}

function sealVolume(context: StoreContext, command: Commit, volume: Volume): Promise<void> {
  const { driver, failpoint } = context;
  return doStep(context, command, {
    volume,
    step: 'seal',
    deed: async () => {
      failpoint('commit.seal');
      await driver.freeze(volume);
    },
  });
}

interface CommitStep {
  readonly volume: Volume;
  readonly step: 'flush' | 'seal';
  readonly deed: () => Promise<void>;
}

async function doStep(context: StoreContext, command: Commit, { volume, step, deed }: CommitStep): Promise<void> {
  try {
    await deed();
  } catch (error) {
    await unseal(context, command, { volume, error });
    recordUndone(context, command, { volume, step, error });
    throw faultOf(error, `commit ${command.key}: ${step} of ${pathOf(volume.id)}`);
  }
}

/**
 * Decides once more, since the new parent of a rebase may have gone while the layer was flushed; where that is not durable yet,
 * it may come back.
 */
async function recordCommit(
  context: StoreContext,
  command: Commit,
  { volume, actor }: { volume: Volume; actor: Meta },
): Promise<Answer<void>> {
  const { journal, failpoint } = context;
  const recorded = await decideAndAct(context, command, async (events) => {
    let taken = false;
    try {
      failpoint('commit.append');
      const { position } = journal.latest;
      const recorded = journal.record(events, { actor });
      taken = journal.latest.position !== position;
      await recorded;
    } catch (error) {
      // Where the outcome is unknown both the active and its seal stay: the next start reads the log and drops one of them.
      const unknown = taken && !isTransient(error);
      if (!unknown) await unseal(context, command, { volume, error });
      throw error;
    }
  });
  if (either.isLeft(recorded)) await unseal(context, command, { volume, error: recorded.left.text });
  return recorded;
}

interface Failed {
  readonly volume: Volume;
  readonly error: unknown;
}

/** Where it is tried again later, the next commit may have come about in the meantime: its seal must stay. */
async function unseal(
  { undo, driver, journal, locks, failpoint }: StoreContext,
  { key }: Commit,
  { volume, error }: Failed,
): Promise<void> {
  const { id } = volume;
  const deed = async () => {
    failpoint('undo.commit');
    await driver.unfreeze(volume);
  };
  const unlessCommitted = async () => {
    expectServing(journal);
    if (snapshotWith(journal.latest, id)?.kind === 'active') await deed();
  };
  await undo({ operation: 'commit', id, key, path: pathOf(id), cause: error }, deed, () =>
    locks.run([key], unlessCommitted),
  );
}

/** For the audit alone: without it the state is the same. */
function recordUndone(
  { journal, logger }: StoreContext,
  { key, name }: Commit,
  { volume: { id }, step, error }: Failed & { step: string },
): void {
  const data = { id, key, name, step, error: errorText(error), left: pathOf(id), done: 'unseal' };
  const unrecorded = (why: unknown) => logger.warn({ id, key, error: errorText(why) }, 'failed commit not recorded');
  journal.recordSoon([{ type: 'CommitUndone', data }], { actor: reconcilerActor, reserve: true }, unrecorded);
}

/** Holds the name meanwhile, so that a Remove comes after it. */
function finishSoon(
  { locks, driver, retrier, logger, failpoint }: StoreContext,
  { name }: Commit,
  volume: Volume,
): void {
  const finish = async () => {
    failpoint('commit.finish');
    await driver.dropActive({ ...volume, kind: 'committed' });
  };
  const about = { operation: 'commit', id: volume.id, key: name, path: pathOf(volume.id) };
  locks.run([name], finish).catch((error) => {
    logger.error({ ...about, error: errorText(error) }, 'finish failed');
    retrier.add(about, 'finish', () => locks.run([name], finish));
  });
}
