import type { Event } from '../../../events/registry.ts';
import type { Node, Root } from '../../../events/store-events.ts';
import { type Failpoint, noFailpoints } from '../../ports/failpoints.ts';
import { Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Uptime } from '../../ports/system.ts';
import type { Found, SnapshotIds, VolumeDriver } from '../../ports/volume-driver.ts';
import { operatorActor } from '../actors.ts';
import type { Action } from '../reconcile/action.ts';
import { apply } from '../reconcile/apply.ts';
import { countByType, planFor } from '../reconcile/plan.ts';
import { idsMatch } from '../reconcile/verify-volumes.ts';
import { type Crash, crashOf } from '../reconcile/wanted.ts';
import { type Journal, withUptime } from '../store/journal.ts';

/** The session that opens the store. */
interface Opener {
  readonly store: string;
  readonly version: string;
  /** the kernel's boot id */
  readonly boot: string;
  readonly pid: number;
  readonly root: Root;
  readonly node: Node;
  /** the log is not kept in the root, so a copy of the root has the same one */
  readonly shared: boolean;
  /** takes the store over from another root, on purpose */
  readonly takeOver: boolean;
}

/** Scans of the driver that are under way. */
export interface Scans {
  readonly ids?: Promise<SnapshotIds | undefined> | undefined;
  readonly found?: Promise<readonly Found[]> | undefined;
}

interface Context {
  readonly journal: Journal;
  readonly driver: VolumeDriver;
  readonly logger: Logger;
  readonly opener: Opener;
  /** events that were replayed to get here */
  readonly replayed: number;
  /** Scans that were begun while the state was loaded; without `ids` the volumes are inspected in any case. */
  readonly scans?: Scans;
  readonly failpoint?: Failpoint;
  readonly uptime: Uptime;
}

/** A root belongs to one driver: another one would declare all its volumes lost. */
export function checkDriver(made: string, wanted: string): void {
  if (made !== '' && made !== wanted)
    throw new Fault('misuse', `this root was created with the driver ${made}, not ${wanted}`, {
      hint: `start with --driver ${made}, or choose an empty root`,
    });
}

/**
 * A copy of a root whose log is in a cluster shares this log with the original: for each of them the volumes of the other one
 * would be lost. Only `takeOver` lets another root serve the store. A copy with a log in files has a log of its own.
 */
function expectOwnRoot({ journal, logger, opener }: Context): void {
  const { root } = journal.latest.storeInfo;
  if (root === null || root.id === opener.root.id) return;
  const about = { root: opener.root, before: root };
  if (opener.takeOver || !opener.shared) {
    logger.warn(about, 'the store was served from another root before: this one is a copy of it, or was moved');
    return;
  }
  throw new Fault(
    'misuse',
    `root ${opener.root.path} on ${opener.root.host}: the newest events were written from another root, ${root.path} on ${root.host}`,
    {
      hint: `continue with that one; or, if this one is to serve the store from now on, stop the daemon there and start this one once with \`snapledger serve --take-over\`: what only that root has is then lost`,
    },
  );
}

/** The result of a recovery. */
export interface Recovered {
  readonly actions: readonly Action[];
  /** how many of them the disk refused */
  readonly failed: number;
  /** how the last session ended, null for a clean shutdown */
  readonly crash: Crash | null;
  /** only the ids of the volumes were compared: the volumes are verified later, in the background */
  readonly unverified: boolean;
}

/**
 * Opens the store: records its creation at the first start, makes the disk match the log, and records the opening
 * with the count of actions. The opening comes last: after a crash before it the same session is recovered again.
 */
export async function recover(context: Context): Promise<Recovered> {
  const { journal, driver, logger, opener, replayed, scans, failpoint = noFailpoints } = context;
  const { store, version, boot, pid, root, node } = opener;
  const { storeInfo } = journal.latest;
  expectOwnRoot(context);
  const crash = crashOf(journal.latest, boot);
  if (crash !== null) logger.warn(crash, 'the store was not closed in order');
  if (storeInfo.id === '') {
    const created: Event = { type: 'StoreCreated', data: { store, driver: driver.name, version } };
    await journal.record([created], { actor: operatorActor, reserve: true });
    logger.warn({ store }, 'a new, empty store was created: the root had none');
  }
  const unverified = crash === null && (await areIdsEnough(context));
  const actions = unverified ? [] : await planFor(() => journal.durable, driver, crash, scans?.found);
  const failed = await apply(actions, { journal, driver, logger, failpoint });
  // Volumes of earlier sessions, and those that were just recreated, are not fresh any more once this session is open.
  await driver.syncMetadata();
  const opened: Event = {
    type: 'StoreOpened',
    data: {
      store,
      driver: driver.name,
      version,
      boot,
      pid,
      clean: crash === null,
      replayed,
      found: countByType(actions),
      root,
      replaces: storeInfo.root === null || storeInfo.root.id === root.id ? null : storeInfo.root,
      node,
    },
  };
  failpoint('store.open');
  await journal.record([opened], { actor: withUptime(operatorActor, context.uptime), reserve: true });
  return { actions, failed, crash, unverified };
}

/** All volumes were on stable storage when a clean shutdown was recorded. */
async function areIdsEnough({ journal, driver, scans }: Context): Promise<boolean> {
  const ids = await scans?.ids;
  return ids !== undefined && idsMatch(journal.durable, driver, ids);
}

/** Records a clean shutdown. */
export async function recordClosing(journal: Journal, reason: string, uptime: Uptime): Promise<void> {
  const actor = withUptime(operatorActor, uptime);
  await journal.record([{ type: 'StoreClosed', data: { reason } }], { actor, reserve: true });
}
