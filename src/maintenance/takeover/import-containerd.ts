import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createContainerdDatabases } from '../../adapters/containerd-store/containerd-databases.ts';
import { nativeCalls } from '../../adapters/system/native-calls.ts';
import { readIdentity } from '../../adapters/system/root/root-directory.ts';
import { names, stageOf } from '../../adapters/system/root/root-stage.ts';
import { createSystem } from '../../adapters/system/system.ts';
import { createBtrfsCalls } from '../../adapters/volume-driver/btrfs/ioctl/btrfs-calls.ts';
import { snapshotVolume } from '../../adapters/volume-driver/btrfs/snapshot-volume.ts';
import { writeNativeLayer } from '../../adapters/volume-driver/native/write-layer.ts';
import type { TakeoverReport } from '../../cli/switch-reports.ts';
import { openCarrier } from '../../compose/drivers.ts';
import { storeFiles } from '../../compose/store-files.ts';
import type { DriverName } from '../../config/config.ts';
import { version } from '../../config/version.ts';
import type { StoredSnapshot } from '../../ports/containerd-store.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Volume, VolumeDriver } from '../../ports/volume-driver.ts';
import { driverNamed } from '../import-store.ts';
import { buildStore, newRoot } from '../new-root.ts';
import {
  canShare,
  checkSource,
  expectRoom,
  expectTrees,
  oddInSource,
  refuseMounted,
  type SourceKind,
  treeOf,
} from './check-source.ts';
import { type ContainerdDatabase, expectOwnSnapshots, openContainerdDatabase } from './containerd-database.ts';
import { factsOf, planOf, type TakeoverPlan } from './plan-takeover.ts';
import { ownName, type SwitchOptions } from './takeover.ts';
import { writeLog } from './write-log.ts';

const system = createSystem();
const databases = createContainerdDatabases(system);

export interface ImportOptions extends SwitchOptions {
  /** root of containerd's snapshotter */
  readonly from: string;
  /** default: btrfs of btrfs, else overlay */
  readonly driver: string | undefined;
}

/**
 * Makes a store in a new root of the root of containerd's btrfs or native snapshotter, which stays as it is: snapshots of subvolumes,
 * or what each of native's copies adds to its parent. At the end containerd's own database gets the name of this snapshotter. A second
 * call begins anew what a crash left. Order: DECISIONS.md 101. Rejects with a Fault and nothing changed: `missing` without a database,
 * `busy` while containerd runs or an active is mounted, `corrupt`, `unsupported`, `misuse`, `no-space`.
 */
export async function importContainerd(path: string, options: ImportOptions): Promise<TakeoverReport> {
  const { from, snapshotter: kind, database, dryRun } = options;
  const near = realpathSync(existing(path));
  const root = join(near, relative(existing(path), path));
  checkSource(from, kind, root, near);
  const driver = driverFor(kind, options.driver);
  if (await isImported(root, from))
    return { ...nothing, root, from, store: readIdentity(root)?.store ?? '', done: 'already' };
  newRoot(root);
  const containerd = await openContainerdDatabase(database, { from: kind, to: ownName });
  try {
    const metadata = await databases.openMetadata(join(from, names.database));
    try {
      const { snapshots, lastId } = metadata.content;
      const plan = { ...planOf(snapshots), lastId, odd: oddInSource(from, kind, snapshots) };
      expectOwnSnapshots(containerd, metadata.content, from);
      expectTrees(from, kind, snapshots);
      refuseMounted(from, kind, snapshots);
      await expectRoom(near, snapshots, canShare(near, from));
      const report = reportOf({ root, from, plan, sha256: metadata.sha256, containerd });
      if (dryRun) return { ...report, done: 'planned' };
      const copying = { root, kind, driver, plan, sha256: metadata.sha256, store: randomUUID(), containerd, options };
      const bytes = await copy(copying);
      return { ...report, bytes, store: copying.store, done: 'taken over' };
    } finally {
      await metadata.release();
    }
  } finally {
    await containerd.release();
  }
}

const nothing = {
  ...{ committed: 0, actives: 0, views: 0, bytes: 0, lastId: 0, odd: [], sha256: '' },
  renamed: { containers: 0, snapshots: 0 },
};

interface Reported extends Pick<TakeoverReport, 'root' | 'sha256'> {
  readonly from: string;
  readonly plan: TakeoverPlan;
  readonly containerd: ContainerdDatabase;
}

function reportOf({ root, from, plan, sha256, containerd }: Reported): Omit<TakeoverReport, 'done'> {
  const { snapshots: _, ...counts } = plan;
  const { containers, snapshots } = containerd;
  return { ...counts, root, from, sha256, store: '', renamed: { containers, snapshots } };
}

/** The directory itself, or the first above it that exists. */
const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)));

function driverFor(kind: SourceKind, name: string | undefined): DriverName {
  const driver = driverNamed(name ?? (kind === 'btrfs' ? 'btrfs' : 'overlay'));
  if (driver === 'memory' || (kind === 'btrfs' && driver !== 'btrfs'))
    throw new Fault('misuse', `a store of ${kind} can't be copied with the driver ${driver}`, {
      hint: 'leave --driver out; export --volumes and import change the driver of a store',
    });
  return driver;
}

/** Whether a root holds the store that was made of this one. */
async function isImported(root: string, from: string): Promise<boolean> {
  const file = join(from, names.database);
  if (stageOf(root) !== 'snapledger' || existsSync(join(root, 'importing')) || !existsSync(file)) return false;
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const log = await storeFiles(root).openLog();
  try {
    for await (const envelopes of log.read(0))
      return envelopes.some(({ event }) => event.type === 'StoreTakenOver' && event.data.sha256 === sha256);
    return false;
  } finally {
    await log.close();
  }
}

interface Copying {
  readonly root: string;
  readonly kind: SourceKind;
  readonly driver: DriverName;
  readonly plan: TakeoverPlan;
  readonly sha256: string;
  readonly store: string;
  readonly containerd: ContainerdDatabase;
  readonly options: ImportOptions;
}

/** Resolves with the bytes of the layers. */
async function copy(copying: Copying): Promise<number> {
  const { root, driver, plan, store, containerd, options } = copying;
  const { from, failpoint } = options;
  containerd.unstage();
  let bytes = 0;
  try {
    await buildStore(root, {
      driver,
      build: async (volumes, place) => {
        const snapshots = await copyVolumes(copying, volumes);
        bytes = snapshots.reduce((sum, { usage }) => sum + (usage?.bytes ?? 0), 0);
        await system.syncFileSystem(root);
        failpoint('import.copied');
        const origin = { store, from: copying.kind, version: version(), driver, database: join(from, names.database) };
        await writeLog(join(place, 'log'), store, factsOf({ ...plan, snapshots }, copying, origin));
        await containerd.stage();
        return store;
      },
      decide: async () => {
        failpoint('import.placed');
        await containerd.switch();
        failpoint('import.renamed');
      },
    });
  } catch (error) {
    containerd.unstage();
    throw faultOf(error, `copy of ${from}`);
  }
  return bytes;
}

/** Makes volumes of all snapshots, parents first. Resolves with the snapshots, and what each layer uses here. */
async function copyVolumes(
  { root, kind, plan, options }: Copying,
  driver: VolumeDriver,
): Promise<readonly StoredSnapshot[]> {
  const fill = kind === 'btrfs' ? snapshotOf(root, options.from) : nativeCopy(root, options.from, driver);
  const byKey = new Map<string, Volume>();
  const copied: StoredSnapshot[] = [];
  for (const snapshot of plan.snapshots) {
    const { id, key, kind: state, labels, parent } = snapshot;
    const above = byKey.get(parent);
    const volume = { id, kind: state, labels, parents: above === undefined ? [] : [above.id, ...above.parents] };
    byKey.set(key, volume);
    if (state === 'view') await driver.create(volume);
    else await fill(volume);
    copied.push({ ...snapshot, usage: state === 'committed' ? await driver.usage(volume) : null });
  }
  return copied;
}

type Fill = (volume: Volume) => Promise<void>;

function snapshotOf(root: string, from: string): Fill {
  const calls = createBtrfsCalls(nativeCalls().ioctl);
  return (volume) => snapshotVolume(root, calls, volume, treeOf(from, 'btrfs', volume));
}

function nativeCopy(root: string, from: string, driver: VolumeDriver): Fill {
  const carrier = openCarrier(root, driver.name);
  const { files } = nativeCalls();
  return async (volume) => {
    const [parent] = volume.parents;
    const below = parent === undefined ? undefined : treeOf(from, 'native', { id: parent, kind: 'committed' });
    await driver.create({ ...volume, kind: 'active' });
    await carrier.fill(volume, async (layer) => writeNativeLayer(files, treeOf(from, 'native', volume), below, layer));
    if (volume.kind !== 'committed') return;
    await driver.freeze(volume);
    await driver.dropActive(volume);
  };
}
