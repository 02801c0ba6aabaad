import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../projections/snapshot.ts';
import { copyTree } from '../../src/adapters/system/commands.ts';
import { nativeCalls } from '../../src/adapters/system/native-calls.ts';
import { createSystem } from '../../src/adapters/system/system.ts';
import { createBtrfsDriver } from '../../src/adapters/volume-driver/btrfs/btrfs-driver.ts';
import { createBtrfsCalls } from '../../src/adapters/volume-driver/btrfs/ioctl/btrfs-calls.ts';
import { createOverlayDriver } from '../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import { createLayerThread } from '../../src/compose/threads/layer-thread.ts';
import type { Failpoint, Step } from '../../src/ports/failpoints.ts';
import type { Mount, VolumeDriver } from '../../src/ports/volume-driver.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { type Missing, requireCommand, requireFileSystem } from '../support/requirements.ts';
import type { Sandbox } from '../support/sandbox.ts';

/** A driver that the fault suites run on. */
export interface DriverUnderTest {
  readonly name: 'overlay' | 'btrfs';
  readonly needs: readonly Missing[];
  /** A new root, on a file system that the driver supports. */
  newRoot(sandbox: Sandbox): string;
  create(root: string, failpoint: Failpoint): Promise<VolumeDriver>;
  /** the directory that writes into an active with these mounts go to */
  upper(root: string, mounts: readonly Mount[]): Promise<string>;
  /** whether each snapshot has its own directory */
  occupies(kind: Snapshot['kind']): boolean;
  /** the directory with a snapshot's own content */
  layer(root: string, snapshot: Pick<Snapshot, 'id' | 'kind'>): string;
  /** Creates a subvolume inside an active, if the driver has them. */
  nest(layer: string): Promise<void>;
}

function upperOf(mount: Mount | undefined): string {
  const option = mount?.options.find((one) => one.startsWith('upperdir='));
  if (option === undefined) throw new Error(`no active has the mount ${JSON.stringify(mount)}`);
  return option.slice('upperdir='.length);
}

export const overlay: DriverUnderTest = {
  name: 'overlay',
  needs: [requireFileSystem('overlay')],
  newRoot: (sandbox) => join(sandbox.path, 'root'),
  create: (root, failpoint) => createOverlayDriver({ root, system: createSystem(), failpoint }),
  upper: async (_root, [mount]) => {
    if (mount?.type === 'bind') return mount.source;
    return upperOf(mount);
  },
  occupies: (kind) => kind !== 'view',
  layer: (root, { id }) => join(root, 'snapshots', String(id), 'fs'),
  nest: async () => {},
};

/** One file system for all roots of a process. */
let loop: Loop | undefined;
let roots = 0;
process.on('exit', () => loop?.end());

const calls = createBtrfsCalls(nativeCalls().ioctl);

export const btrfs: DriverUnderTest = {
  name: 'btrfs',
  needs: [requireFileSystem('btrfs'), requireCommand('mkfs.btrfs')],
  newRoot: () => {
    loop ??= createLoop('btrfs', { megabytes: 1024 });
    roots += 1;
    return join(loop.path, `root-${roots}`);
  },
  create: (root, failpoint) =>
    createBtrfsDriver({ root, system: createSystem(), calls, copyTree, layers: createLayerThread(), failpoint }),
  upper: async (root, [mount]) => {
    if (mount?.type === 'overlay') return upperOf(mount);
    const wanted = mount?.options.find((one) => one.startsWith('subvolid='));
    // Others are purged meanwhile.
    for (const path of subvolumesBelow(root))
      if (`subvolid=${await calls.idOf(path).catch(() => '')}` === wanted) return path;
    throw new Error(`no active has the mount ${JSON.stringify(mount)}`);
  },
  occupies: () => true,
  layer: (root, { id, kind }) => join(root, 'snapshots', String(id), kind === 'committed' ? 'layer' : 'fs'),
  nest: async (layer) => {
    if (!existsSync(join(layer, 'inside'))) await calls.create(layer, 'inside');
  },
};

/** Possible directories of actives and views, newest first: ours, or those of containerd's own driver. */
function* subvolumesBelow(root: string): IterableIterator<string> {
  const theirs = existsSync(join(root, 'active'));
  for (const folder of theirs ? ['active', 'view'] : ['snapshots'])
    for (const id of readdirSync(join(root, folder)).sort((a, b) => Number(b) - Number(a)))
      yield theirs ? join(root, folder, id) : join(root, folder, id, 'fs');
}

export const driversUnderTest: readonly DriverUnderTest[] = [overlay, btrfs];

/** Whether a step is reached with this driver: its own steps, and those of no driver. Staging has its own suite, `staging.test.ts`. */
export function isStepOf({ name }: Pick<DriverUnderTest, 'name'>, step: Step): boolean {
  const [owner] = step.split('.');
  if (['staging', 'takeover', 'import', 'giveback'].includes(owner ?? '')) return false;
  return owner === name || !driversUnderTest.some((driver) => driver.name === owner);
}
