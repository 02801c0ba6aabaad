import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createContainerdDatabases } from '../../adapters/containerd-store/containerd-databases.ts';
import { syncDirectory } from '../../adapters/system/files.ts';
import { nativeCalls } from '../../adapters/system/native-calls.ts';
import { interrupted, readIdentity, twoStores } from '../../adapters/system/root/root-directory.ts';
import { names, stageOf } from '../../adapters/system/root/root-stage.ts';
import { createSystem } from '../../adapters/system/system.ts';
import { makeDirectory } from '../../adapters/volume-driver/shared/directories.ts';
import { stateOfStore } from '../../app/audit/state-at.ts';
import type { GivebackReport } from '../../cli/switch-reports.ts';
import { openInspector, openScan } from '../../compose/drivers.ts';
import { storeFiles } from '../../compose/store-files.ts';
import type { MetadataContent } from '../../ports/containerd-store.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { withRootLock } from '../stopped-store.ts';
import { type ContainerdDatabase, expectOwnSnapshots, openContainerdDatabase } from './containerd-database.ts';
import { type GivebackPlan, planGiveback, strangersIn } from './plan-giveback.ts';
import { ownName, type SwitchOptions, untilFinished } from './takeover.ts';

const system = createSystem();
const databases = createContainerdDatabases(system);

/**
 * Makes a root of containerd's overlay snapshotter of a stopped store, in place: writes its database from the projections, gives
 * the snapshotter its old name in containerd's own database, and sets aside what containerd does not know. Until one rename the
 * root is snapledger's; a second call finishes what a crash left. Order: DECISIONS.md 100. Rejects with a Fault and nothing
 * changed: `busy` while a daemon or containerd runs, `unsupported` for another driver, `misuse` if the store was not closed in order.
 */
export const giveBack = (root: string, options: SwitchOptions): Promise<GivebackReport> =>
  untilFinished(root, () => startOrFinish(root, options));

async function startOrFinish(root: string, options: SwitchOptions): Promise<GivebackReport> {
  const stage = stageOf(root);
  switch (stage) {
    case 'snapledger':
    case 'giveback-undecided':
      return withRootLock(root, options.dryRun ? undefined : 'giveback', () => begin(root, options));
    case 'giveback-decided':
      return options.dryRun
        ? { ...nothing, root, done: 'planned' }
        : { ...nothing, root, done: 'resumed', kept: await finish(root, options.failpoint) };
    case 'containerd':
      return { ...nothing, root, done: 'already' };
    case 'two stores':
      throw twoStores(root);
    case 'none':
      throw new Fault('missing', `root ${root}: holds no store`, { hint: 'name the root of the store with --root' });
    default:
      throw interrupted(root, stage);
  }
}

const nothing = {
  ...{ committed: 0, actives: 0, views: 0, bytes: 0, retained: 0, retainedBytes: 0, aside: 0, kept: '' },
  renamed: { containers: 0, snapshots: 0 },
};

async function finish(root: string, failpoint: Failpoint): Promise<string> {
  const { content, release } = await databases.openMetadata(join(root, names.database));
  try {
    return await tidy(root, content, failpoint);
  } finally {
    await release();
  }
}

async function begin(root: string, options: SwitchOptions): Promise<GivebackReport> {
  const { database, snapshotter, dryRun } = options;
  expectOverlay(root);
  const state = await stateOfStore(storeFiles(root));
  const { usage } = openInspector(root, 'overlay');
  const { content, aside, ...plan } = await planGiveback(root, state, openScan(root, 'overlay'), usage);
  const containerd = await openContainerdDatabase(database, { from: ownName, to: snapshotter });
  try {
    expectOwnSnapshots(containerd, content, `root ${root}`);
    const { containers, snapshots } = containerd;
    const report = { ...plan, root, aside: aside.length, renamed: { containers, snapshots } };
    if (dryRun) return { ...report, done: 'planned', kept: '' };
    return {
      ...report,
      done: 'given back',
      kept: await carryOut(root, { content, aside, ...plan }, containerd, options),
    };
  } finally {
    await containerd.release();
  }
}

function expectOverlay(root: string): void {
  if (process.geteuid?.() !== 0)
    throw new Fault('misuse', `root ${root}: only root can give it back`, {
      hint: 'run it as root; nothing was changed',
    });
  const driver = readIdentity(root)?.driver;
  if (driver === 'overlay') return;
  throw new Fault(
    'unsupported',
    `root ${root}: was made with the driver ${driver}, which containerd's overlayfs can't read`,
    {
      hint: 'export it with --volumes and import it with --driver overlay first; nothing was changed',
    },
  );
}

async function carryOut(
  root: string,
  plan: GivebackPlan,
  containerd: ContainerdDatabase,
  { failpoint }: SwitchOptions,
): Promise<string> {
  // The mark of an interrupted run stays: that run may have switched.
  let switched = containerd.bytes === 0 || existsSync(join(root, names.givingBack));
  try {
    await prepare(root, plan, containerd);
    failpoint('giveback.staged');
    // In a root that was never taken over, containerd's snapshotter must not make a database of its own either.
    for (const name of [names.database, names.givingBack]) makeDirectory(join(root, name), 0o700);
    await syncDirectory(root);
    failpoint('giveback.marked');
    switched = true;
    await containerd.switch();
    failpoint('giveback.renamed');
    decide(root);
  } catch (error) {
    if (!switched) discard(root, containerd);
    throw faultOf(error, `giveback of ${root}`);
  }
  failpoint('giveback.decided');
  return tidy(root, plan.content, failpoint);
}

/** Makes everything that containerd's snapshotter needs; the root stays snapledger's. */
async function prepare(root: string, { content }: GivebackPlan, containerd: ContainerdDatabase): Promise<void> {
  await databases.writeMetadata(join(root, names.staged), content);
  // containerd's snapshotter gives a view a directory too.
  for (const { id, kind } of content.snapshots)
    if (kind === 'view') {
      makeDirectory(join(root, `snapshots/${id}`), 0o700);
      makeDirectory(join(root, `snapshots/${id}/fs`), 0o755);
    }
  await containerd.stage();
  await system.syncFileSystem(root);
}

/** The one rename that decides: from here on the root is containerd's. */
const decide = (root: string) => nativeCalls().exchange(join(root, names.staged), join(root, names.database));

/** The mark goes first: without it the rest is no giveback. */
function discard(root: string, containerd: ContainerdDatabase): void {
  for (const name of [names.givingBack, names.database])
    if (existsSync(join(root, name)) && readdirSync(join(root, name)).length === 0) rmdirSync(join(root, name));
  for (const name of [names.staged, `${names.staged}.new`]) rmSync(join(root, name), { force: true });
  containerd.unstage();
}

/** What containerd's snapshotter has below its root, and what was set aside before. */
const stays = (name: string): boolean =>
  [names.database, names.givingBack, names.staged, 'snapshots', 'lost+found'].includes(name) ||
  name.startsWith(names.givenBack);

/** Sets aside, by renames, what containerd's snapshotter does not know. Can be repeated. Resolves with where it is, relative to the root. */
async function tidy(root: string, content: MetadataContent, failpoint: Failpoint): Promise<string> {
  // A run that was interrupted may not have flushed its decision.
  await syncDirectory(root);
  const place = join(root, names.givingBack);
  mkdirSync(join(place, 'snapshots'), { recursive: true, mode: 0o700 });
  for (const name of strangersIn(root, content))
    renameSync(join(root, 'snapshots', name), join(place, 'snapshots', name));
  // The directory that kept containerd's snapshotter out, with the database of before the takeover.
  if (existsSync(join(root, names.staged))) renameSync(join(root, names.staged), join(place, names.database));
  for (const name of readdirSync(root)) if (!stays(name)) renameSync(join(root, name), join(place, name));
  await syncDirectory(place);
  failpoint('giveback.moved');
  const kept = freeName(root);
  renameSync(place, join(root, kept));
  await syncDirectory(root);
  return kept;
}

function freeName(root: string): string {
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? names.givenBack : `${names.givenBack}.${n}`;
    if (!existsSync(join(root, name))) return name;
  }
}
