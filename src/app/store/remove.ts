import type { Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { Answer, Remove, Update } from '../../domain/commands.ts';
import { execute, type StoreContext } from './execute.ts';
import { withUptime } from './journal.ts';
import { snapshotUnder, withDriverLabels } from './volume-of.ts';

/** Remove: the key is free when the event is durable. The volume is purged after it, in the background, or before the answer. */
export function removeSnapshot(context: StoreContext, command: Remove, actor: Meta): Promise<Answer<void>> {
  const { retention, purger, removal, uptime } = context;
  let id = 0;
  return execute(context, command, {
    name: 'remove',
    actor,
    append: (events) => {
      const [removed] = events.flatMap(({ type, data }) => (type === 'SnapshotRemoved' ? [data] : []));
      id = removed?.id ?? 0;
      if (removed?.retained !== true) return [events, { actor, reserve: true }];
      return [[...events, ...retention.displaced()], { actor: withUptime(actor, uptime), reserve: true }];
    },
    during: () => {},
    after: () => (removal === 'sync' ? purger.purged(id) : undefined),
  });
}

/** Update: nothing changes on disk. */
export function updateSnapshot(context: StoreContext, command: Update, actor: Meta): Promise<Answer<Snapshot>> {
  const { driver } = context;
  return execute(context, command, {
    name: 'update',
    actor,
    during: (state) => withDriverLabels(driver, snapshotUnder(state, command.key)),
  });
}
