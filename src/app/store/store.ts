import * as either from 'fp-ts/lib/Either.js';
import type { Meta } from '../../../events/envelope.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { type Answer, type Commit, type Prepare, type Remove, refuse, type Update } from '../../domain/commands.ts';
import { find } from '../../domain/decide.ts';
import { parseFilters } from '../../domain/filter/parse-filters.ts';
import type { Mount, Usage, VolumeDriver } from '../../ports/volume-driver.ts';
import type { Asker } from '../background/usage-meter.ts';
import { commitSnapshot } from './commit.ts';
import type { StoreContext } from './execute.ts';
import { prepareSnapshot } from './prepare.ts';
import { removeSnapshot, updateSnapshot } from './remove.ts';
import { volumeOf, withDriverLabels } from './volume-of.ts';

/**
 * The use cases that the gRPC edge serves. A refusal is a left answer, a Fault is thrown. Every answer to a change is
 * given only when its event is on stable storage; every read shows only durable state, and waits for nothing else.
 */
export interface Snapshots {
  prepare(command: Prepare, actor: Meta): Promise<Answer<readonly Mount[]>>;
  commit(command: Commit, actor: Meta): Promise<Answer<void>>;
  remove(command: Remove, actor: Meta): Promise<Answer<void>>;
  update(command: Update, actor: Meta): Promise<Answer<Snapshot>>;
  mounts(key: string): Answer<readonly Mount[]> | Promise<Answer<readonly Mount[]>>;
  /** What was recorded is answered at once. Once the asker has ended, nothing needs to be measured for it any more. */
  usage(key: string, asker?: Asker): Answer<Usage> | Promise<Answer<Usage>>;
  stat(key: string): Answer<Snapshot>;
  /** One consistent state, whatever changes while it is read. Filters are containerd's, OR-ed; none lists all. */
  list(filters: readonly string[]): Answer<Iterable<Snapshot>>;
  /** Resolves when what was removed before the call is off the disk. */
  cleanup(): Promise<void>;
}

/** The use cases over one journal and one driver: changes through `execute`, reads from the durable state. */
export function createStore(context: StoreContext): Snapshots {
  const { journal, driver, locks, purger, meter, answerInTime } = context;
  const mountsOf = createMounts(context);
  return {
    prepare: (command, actor) => answerInTime(() => prepareSnapshot(context, command, actor)),
    commit: (command, actor) => answerInTime(() => commitSnapshot(context, command, actor)),
    remove: (command, actor) => answerInTime(() => removeSnapshot(context, command, actor)),
    update: (command, actor) => answerInTime(() => updateSnapshot(context, command, actor)),
    mounts: (key) => {
      const changing = locks.idle(key);
      return changing === undefined ? mountsOf(key) : changing.then(() => mountsOf(key));
    },
    usage: (key, asker) => {
      const found = find(journal.durable, key);
      if (either.isLeft(found)) return found;
      const { kind, id } = found.right;
      const usage = kind === 'view' ? nothing : meter.usageOf(id, asker);
      return usage instanceof Promise ? usage.then(either.right) : either.right(usage);
    },
    stat: (key) => {
      const found = find(journal.durable, key);
      return either.isLeft(found) ? found : either.right(withDriverLabels(driver, found.right));
    },
    list: (filters) => {
      const matches = parseFilters(filters);
      if (either.isLeft(matches)) return matches;
      // Copied: what changes while the client reads does not show.
      return either.right(matching(driver, [...journal.durable.index.values()], matches.right));
    },
    cleanup: async () => {
      await purger.drained();
      await driver.reclaimSpace();
    },
  };
}

/** Snapshots are values: fixed mounts are kept as long as the snapshot exists. */
function createMounts({ journal, driver }: StoreContext): Snapshots['mounts'] {
  const known = new WeakMap<Snapshot, Answer<readonly Mount[]>>();
  const ask = async (snapshot: Snapshot) => {
    const answer = either.right(await driver.mounts(volumeOf(journal.durable, snapshot)));
    if (driver.traits.fixedMounts) known.set(snapshot, answer);
    return answer;
  };
  return (key) => {
    const found = find(journal.durable, key);
    if (either.isLeft(found)) return found;
    const snapshot = found.right;
    if (snapshot.kind === 'committed')
      return refuse('failed-precondition', `snapshot ${key}: is committed, only actives and views have mounts`);
    return known.get(snapshot) ?? ask(snapshot);
  };
}

const nothing: Usage = { bytes: 0, inodes: 0 };

function* matching(
  driver: VolumeDriver,
  snapshots: Iterable<Snapshot>,
  matches: (snapshot: Snapshot) => boolean,
): IterableIterator<Snapshot> {
  for (const snapshot of snapshots) {
    const info = withDriverLabels(driver, snapshot);
    if (matches(info)) yield info;
  }
}
