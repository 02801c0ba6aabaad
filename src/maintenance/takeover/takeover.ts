import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEnvelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { createContainerdDatabases } from '../../adapters/containerd-store/containerd-databases.ts';
import { createFailpoints, failpointsVariable } from '../../adapters/system/failpoints.ts';
import { createDiskSpaceMeter } from '../../adapters/system/file-system.ts';
import { syncDirectory } from '../../adapters/system/files.ts';
import { nativeCalls } from '../../adapters/system/native-calls.ts';
import { interrupted, readIdentity, twoStores, writeIdentity } from '../../adapters/system/root/root-directory.ts';
import { names, stageOf } from '../../adapters/system/root/root-stage.ts';
import { createSystem } from '../../adapters/system/system.ts';
import type { SwitchOptions as Named, TakeoverReport } from '../../cli/switch-reports.ts';
import { version } from '../../config/version.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { withRootLock } from '../stopped-store.ts';
import { checkContainerdRoot } from './check-containerd-root.ts';
import {
  type ContainerdDatabase,
  databaseOf,
  expectOwnSnapshots,
  openContainerdDatabase,
} from './containerd-database.ts';
import { factsOf, type Odd, planTakeover, type TakeoverPlan } from './plan-takeover.ts';
import { writeLog } from './write-log.ts';

const system = createSystem();

/** What containerd calls the snapshotter of this daemon. */
export const ownName = 'snapledger';

export interface SwitchOptions {
  /** path of containerd's own database */
  readonly database: string;
  /** what containerd calls its own snapshotter of this root */
  readonly snapshotter: string;
  /** Returns the plan, and changes nothing. */
  readonly dryRun: boolean;
  readonly failpoint: Failpoint;
}

export const switchOptions = ({ containerdRoot, snapshotter, dryRun }: Named): SwitchOptions => ({
  database: databaseOf(containerdRoot),
  ...{ snapshotter, dryRun },
  failpoint: createFailpoints(process.env[failpointsVariable]),
});

/**
 * Makes a store of the root of containerd's overlay snapshotter, in place: directories stay, and containerd's own database gets the
 * name of this snapshotter. Until one rename the root is containerd's, from then on it is snapledger's; a second call finishes what
 * a crash left. Order: DECISIONS.md 100. Rejects with a Fault and nothing changed: `missing` without a database, `busy` while
 * containerd runs, `corrupt`, `unsupported`, `misuse`, `no-space`.
 */
export const takeOver = (root: string, options: SwitchOptions): Promise<TakeoverReport> =>
  untilFinished(root, () => startOrFinish(root, options));

/** Runs a command. An error that leaves the root closed to both sides says so, and that the command has to be repeated. */
export async function untilFinished<T>(root: string, command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    const fault = faultOf(error, `root ${root}`);
    const stage = stageOf(root);
    if (!/decided$/.test(stage) || stage === 'takeover-undecided') throw fault;
    const { message, hint } = interrupted(root, stage);
    throw new Fault(fault.code, `${fault.message}; ${message}`, { hint: `${fault.hint}; then ${hint}`, cause: error });
  }
}

async function startOrFinish(root: string, options: SwitchOptions): Promise<TakeoverReport> {
  const stage = stageOf(root);
  switch (stage) {
    case 'containerd':
    case 'takeover-undecided':
      return begin(root, options);
    case 'takeover-decided':
      return finish(root, options);
    case 'snapledger':
      return { ...nothing, root, store: readIdentity(root)?.store ?? '', done: 'already' };
    case 'two stores':
      throw twoStores(root);
    case 'none':
      throw new Fault('missing', `root ${root}: holds no metadata.db of a containerd snapshotter`, {
        hint: "name the directory of containerd's overlay snapshotter with --root; a new store needs no takeover",
      });
    default:
      throw interrupted(root, stage);
  }
}

const nothing = {
  ...{ committed: 0, actives: 0, views: 0, bytes: 0, lastId: 0, odd: [] as readonly Odd[] },
  ...{ sha256: '', renamed: { containers: 0, snapshots: 0 } },
};

/** What is known before the first change. */
interface Plan {
  readonly root: string;
  readonly store: string;
  readonly facts: readonly Event[];
  readonly containerd: ContainerdDatabase;
  readonly failpoint: Failpoint;
}

async function begin(
  root: string,
  { database, snapshotter, dryRun, failpoint }: SwitchOptions,
): Promise<TakeoverReport> {
  checkContainerdRoot(root);
  const containerd = await openContainerdDatabase(database, { from: snapshotter, to: ownName });
  try {
    const metadata = await createContainerdDatabases(system).openMetadata(join(root, names.database));
    try {
      expectOwnSnapshots(containerd, metadata.content, `root ${root}`);
      const plan = planTakeover(root, metadata.content);
      const store = randomUUID();
      const facts = factsOf(plan, metadata, { store, from: snapshotter, version: version() });
      await expectRoom(root, facts, containerd);
      if (!dryRun) await withRootLock(root, 'takeover', () => carryOut({ root, store, facts, containerd, failpoint }));
      return reportOf(root, dryRun ? '' : store, plan, metadata.sha256, containerd, dryRun ? 'planned' : 'taken over');
    } finally {
      await metadata.release();
    }
  } finally {
    await containerd.release();
  }
}

function reportOf(
  root: string,
  store: string,
  { committed, actives, views, bytes, lastId, odd }: TakeoverPlan,
  sha256: string,
  { containers, snapshots }: ContainerdDatabase,
  done: TakeoverReport['done'],
): TakeoverReport {
  const counts = { committed, actives, views, bytes, lastId, odd };
  return { ...counts, root, store, done, sha256, renamed: { containers, snapshots } };
}

/** Blocks that a new log reserves, and what a file system needs for itself. */
const spare = 16 << 20;

async function expectRoom(root: string, facts: readonly Event[], containerd: ContainerdDatabase): Promise<void> {
  const log = facts.reduce(
    (sum, fact) => sum + Buffer.byteLength(JSON.stringify(encodeEnvelope(sample(fact)))) + 200,
    0,
  );
  const needed = log + containerd.bytes + spare;
  const { bytes } = await createDiskSpaceMeter(root)();
  if (bytes < needed)
    throw new Fault('no-space', `root ${root}: ${bytes} bytes are free, and the log needs ${needed}`, {
      hint: 'free some space first, for example by removing images; nothing was changed',
    });
}

const sample = (event: Event) => ({ position: 1, id: randomUUID(), time: 0n, meta: {}, event });

async function carryOut(plan: Plan): Promise<void> {
  const { root, failpoint, containerd } = plan;
  discard(root, containerd);
  try {
    await prepare(plan);
    decide(root);
  } catch (error) {
    if (stageOf(root) === 'takeover-undecided') discard(root, containerd);
    throw faultOf(error, `takeover of ${root}`);
  }
  await syncDirectory(root);
  failpoint('takeover.decided');
  await conclude(root, containerd, failpoint);
}

/** Makes everything that the store will need; the root stays containerd's. */
async function prepare({ root, store, facts, containerd, failpoint }: Plan): Promise<void> {
  const place = join(root, names.takingOver);
  mkdirSync(place, { mode: 0o700 });
  await syncDirectory(root);
  await writeLog(join(place, 'log'), store, facts);
  await containerd.stage();
  // The layers too: nothing says that containerd ever flushed them.
  await system.syncFileSystem(root);
  failpoint('takeover.staged');
  renameSync(join(place, 'log'), join(root, 'log'));
  await writeIdentity(root, { store, driver: 'overlay' });
  await syncDirectory(place);
  failpoint('takeover.placed');
}

/** The one rename that decides: from here on the root is snapledger's, and containerd's own snapshotter can't open it. */
function decide(root: string): void {
  try {
    nativeCalls().exchange(join(root, names.takingOver), join(root, names.database));
  } catch (error) {
    throw faultOf(error, `root ${root}: an exchange of two names`, 'put the root on ext4, xfs or btrfs');
  }
}

/** What follows the decision; can be repeated. */
async function conclude(root: string, containerd: ContainerdDatabase, failpoint: Failpoint): Promise<void> {
  await containerd.switch();
  failpoint('takeover.renamed');
  renameSync(join(root, names.takingOver), join(root, names.kept));
  await syncDirectory(join(root, names.database));
  await syncDirectory(root);
}

async function finish(
  root: string,
  { database, snapshotter, dryRun, failpoint }: SwitchOptions,
): Promise<TakeoverReport> {
  const containerd = await openContainerdDatabase(database, { from: snapshotter, to: ownName });
  const { containers, snapshots } = containerd;
  const report = { ...nothing, root, store: readIdentity(root)?.store ?? '', renamed: { containers, snapshots } };
  try {
    if (dryRun) return { ...report, done: 'planned' };
    return await withRootLock(root, 'takeover', async () => {
      // The run that was interrupted may not have flushed its decision.
      await syncDirectory(root);
      await containerd.stage();
      await conclude(root, containerd, failpoint);
      return { ...report, done: 'resumed' };
    });
  } finally {
    await containerd.release();
  }
}

/** Removes what an interrupted or failed takeover has made. The mark goes last: until then this can be repeated. */
function discard(root: string, containerd: ContainerdDatabase): void {
  containerd.unstage();
  if (stageOf(root) !== 'takeover-undecided') return;
  for (const name of ['log', 'store', 'store.new', 'lock', names.takingOver])
    rmSync(join(root, name), { recursive: true, force: true });
}
