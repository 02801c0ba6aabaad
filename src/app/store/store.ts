import * as either from 'fp-ts/lib/Either.js';
import type { Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { Remove, Update } from '../../domain/commands.ts';
import { find } from '../../domain/decide.ts';
import { parseFilters } from '../../domain/filter/parse-filters.ts';
import { type Answer, refuse } from '../../domain/refusal.ts';
import type { Mount, Usage } from '../../ports/volume-driver.ts';
import { commitSnapshot } from './commit-snapshot.ts';
import { prepareSnapshot } from './prepare-snapshot.ts';
import { withRoom } from './retry-after-freeing.ts';
import type { Snapshots } from './snapshots.ts';
import { withUptime } from './stamp-events.ts';
import { decideAndAct, type StoreContext } from './store-context.ts';
import { volumeOf } from './volume-of.ts';

/** The use cases over one journal and one driver. */
export function createStore(context: StoreContext): Snapshots {
  const { journal, driver, locks, purger } = context;
  const mountsOf = createMounts(context);
  return {
    prepare: (command, actor) => locks.run([command.key], () => prepareSnapshot(context, command, actor)),
    commit: (command, actor) => locks.run([command.key, command.name], () => commitSnapshot(context, command, actor)),
    remove: (command, actor) => locks.run([command.key], () => removeSnapshot(context, command, actor)),
    update: (command, actor) =>
      locks.run([command.key], () => withRoom(context, () => updateSnapshot(context, command, actor))),
    mounts: async (key) => {
      await locks.idle(key);
      return mountsOf(key);
    },
    usage: async (key, signal) => usageOf(context, key, signal),
    stat: (key) => either.map((snapshot: Snapshot) => shown(context, snapshot))(find(journal.durable, key)),
    list: (filters) => listOf(context, filters),
    cleanup: async () => {
      await purger.drained();
      await driver.reclaimSpace();
    },
  };
}

async function removeSnapshot(context: StoreContext, command: Remove, actor: Meta): Promise<Answer<void>> {
  const { journal, keeper, purger, removal, failpoint, uptime } = context;
  const id = journal.latest.index.get(command.key)?.id;
  return decideAndAct(context, command, async (events) => {
    const retained = events.some(({ type, data }) => type === 'SnapshotRemoved' && data.retained);
    failpoint('remove.append');
    const recorded = retained
      ? journal.record([...events, ...keeper.displaced()], { actor: withUptime(actor, uptime), reserve: true })
      : journal.record(events, { actor, reserve: true });
    await recorded;
    failpoint('remove.answer');
    if (removal === 'sync' && id !== undefined) await purger.purged(id);
  });
}

async function updateSnapshot(context: StoreContext, command: Update, actor: Meta): Promise<Answer<Snapshot>> {
  const { journal, failpoint } = context;
  const updated = await decideAndAct(context, command, async (events) => {
    failpoint('update.append');
    const recorded = journal.record(events, { actor });
    const snapshot = find(journal.latest, command.key);
    await recorded;
    failpoint('update.answer');
    return snapshot;
  });
  return either.map((snapshot: Snapshot) => shown(context, snapshot))(either.flatten(updated));
}

/** Snapshots are values: mounts that are fixed are kept as long as the snapshot lives. */
function createMounts({ journal, driver }: StoreContext): (key: string) => Promise<Answer<readonly Mount[]>> {
  const known = new WeakMap<Snapshot, readonly Mount[]>();
  return async (key) => {
    const state = journal.durable;
    const found = find(state, key);
    if (either.isLeft(found)) return found;
    const snapshot = found.right;
    if (snapshot.kind === 'committed')
      return refuse('failed-precondition', `snapshot ${key}: is committed, only actives and views have mounts`);
    const mounts = known.get(snapshot) ?? (await driver.mounts(volumeOf(state, snapshot)));
    if (driver.traits.fixedMounts) known.set(snapshot, mounts);
    return either.right(mounts);
  };
}

const nothing: Usage = { bytes: 0, inodes: 0 };

async function usageOf(
  { journal, meter }: StoreContext,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Answer<Usage>> {
  const found = find(journal.durable, key);
  if (either.isLeft(found)) return found;
  return either.right(found.right.kind === 'view' ? nothing : await meter.usageOf(found.right.id, signal));
}

function listOf(context: StoreContext, filters: readonly string[]): Answer<Iterable<Snapshot>> {
  // What changes while the client reads does not show.
  const snapshots = [...context.journal.durable.index.values()];
  return either.map((matches: (snapshot: Snapshot) => boolean) => matching(context, snapshots, matches))(
    parseFilters(filters),
  );
}

function* matching(
  context: StoreContext,
  snapshots: Iterable<Snapshot>,
  matches: (snapshot: Snapshot) => boolean,
): IterableIterator<Snapshot> {
  for (const snapshot of snapshots) {
    const info = shown(context, snapshot);
    if (matches(info)) yield info;
  }
}

/** A snapshot with the labels that the driver adds to what is recorded. */
function shown({ driver }: StoreContext, snapshot: Snapshot): Snapshot {
  const added = driver.labelsOf(snapshot);
  return added === undefined ? snapshot : { ...snapshot, labels: { ...snapshot.labels, ...added } };
}
