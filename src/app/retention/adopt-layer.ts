import type { Meta } from '../../../events/envelope.ts';
import { type Adoptable, adoptable, restoration } from '../../domain/adoption.ts';
import type { Prepare } from '../../domain/commands.ts';
import { type Answer, refuse } from '../../domain/refusal.ts';
import { errorText } from '../../ports/fault.ts';
import { reconcilerActor } from '../actors.ts';
import type { StoreContext } from '../store/store-context.ts';
import { defectOf } from './restore-layer.ts';

/**
 * Where the layer that a Prepare is for is there already, brings it back and answers AlreadyExists: containerd then lists
 * it and takes it, instead of fetching and unpacking it. Undefined where there is none, or where it is not what was committed:
 * its retention ends then. The answer is given when the restoration is on stable storage.
 */
export async function adoptLayer(
  context: StoreContext,
  command: Prepare,
  actor: Meta,
): Promise<Answer<never> | undefined> {
  const { journal, rules } = context;
  const find = () => (rules.retain ? adoptable(journal.latest, command) : undefined);
  let found = find();
  while (found !== undefined) {
    const { id } = found.snapshot;
    const sound = await isSound(context, id);
    // Deciding and recording are one turn: what happened during the walk counts.
    const now = find();
    if (now?.snapshot.id === id) return sound ? adopt(context, now, { command, actor }) : undefined;
    found = now;
  }
  return undefined;
}

/** Examines a layer. Retention ends for one that is not what was committed: the pull that asks for it replaces it. */
async function isSound({ journal, driver, logger }: StoreContext, id: number): Promise<boolean> {
  let why: string | undefined;
  try {
    why = await defectOf({ journal, driver }, id);
  } catch (error) {
    logger.warn({ id, error: errorText(error) }, 'layer not adopted: it can not be examined');
    return false;
  }
  if (why === undefined) return true;
  const retained = journal.latest.volumes.retained.get(id);
  const key = retained?.snapshot.key;
  logger.warn({ id, key, error: why }, 'layer not adopted: it is not what was committed');
  if (key === undefined) return false;
  const data = { id, key, why };
  await journal.record([{ type: 'RetentionEnded', data }], { actor: reconcilerActor, reserve: true });
  return false;
}

interface Asked {
  readonly command: Prepare;
  readonly actor: Meta;
}

async function adopt(
  { journal, failpoint }: StoreContext,
  { retained, snapshot: { id, key } }: Adoptable,
  { command, actor }: Asked,
): Promise<Answer<never> | undefined> {
  if (retained === undefined) await journal.settled();
  else {
    failpoint('restore.append');
    await journal.record([restoration(retained, `adopted, in place of ${command.key}`)], { actor });
    failpoint('restore.answer');
  }
  return journal.durable.index.get(key)?.id === id
    ? refuse('already-exists', `snapshot ${key}: is there already, and can be adopted`)
    : undefined;
}
