import type { Meta } from '../../../events/envelope.ts';
import { adoptable, restoration } from '../../domain/adopt.ts';
import type { Prepare } from '../../domain/commands.ts';
import { type Answer, refuse } from '../../domain/refusal.ts';
import { reconcilerActor } from '../actors.ts';
import type { StoreContext } from '../store-context.ts';

/**
 * Where the layer that a Prepare is for is there already, brings it back and answers AlreadyExists: containerd then lists
 * it and takes it, instead of fetching and unpacking it. Undefined where there is none. The answer is given when the
 * restoration is on stable storage. Looking and recording are one turn, so that nothing can come between.
 */
export async function adoptLayer(
  { journal, driver, rules, reach }: StoreContext,
  command: Prepare,
  actor: Meta,
): Promise<Answer<never> | undefined> {
  const found = rules.retain ? adoptable(journal.latest, command) : undefined;
  if (found === undefined) return undefined;
  const { retained, snapshot } = found;
  const { id, key } = snapshot;
  if (!driver.holds(id)) {
    if (retained !== undefined) {
      const why = 'its volume is not on the disk any more';
      await journal.record([{ type: 'RetentionEnded', data: { id, key, why } }], {
        actor: reconcilerActor,
        room: 'reserved',
      });
    }
    return undefined;
  }
  if (retained === undefined) await journal.settled();
  else {
    reach('restore.append');
    await journal.record([restoration(retained, `adopted, in place of ${command.key}`)], { actor });
    reach('restore.answer');
  }
  return journal.durable.index.get(key)?.id === id
    ? refuse('already-exists', `snapshot ${key}: is there already, and can be adopted`)
    : undefined;
}
