import { lstatSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import type { OverlayOptions } from '../../../../src/adapters/volume-driver/overlay/overlay-mounts.ts';
import { isAtLeast } from '../../../../src/adapters/volume-driver/shared/kernel-traits.ts';
import type { VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { active, rejectsWith, view } from '../../../contract/volume-driver.contract.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const source = (path: string) => new URL(`../../../../src/${path}.${extension}`, import.meta.url).href;

async function withOptions(options: OverlayOptions, action: (driver: VolumeDriver, root: string) => Promise<void>) {
  const sandbox = createSandbox('options');
  const root = sandbox.folder('root');
  try {
    const driver = await createOverlayDriver({ root, system: createSystem(), options });
    sandbox.atEnd(() => driver.close());
    await action(driver, root);
  } finally {
    await sandbox.close();
  }
}

const labels = {
  'containerd.io/snapshot/uidmapping': '0:100000:65536',
  'containerd.io/snapshot/gidmapping': '0:200000:65536',
};

const options = suiteNeeding('overlay driver, options', requireFileSystem('overlay'));

options('shows the upper directory as a label if configured', () =>
  withOptions({ upperdirLabel: true }, async (driver, root) => {
    const label = 'containerd.io/snapshot/overlay.upperdir';
    assert.equal(driver.labelsOf(active(7)), { [label]: `${root}/snapshots/7/fs` });
    assert.equal(driver.labelsOf(view(7)), undefined);
  }),
);

options('adds no labels by default', () =>
  withOptions({}, async (driver) => {
    assert.is(driver.labelsOf(active(7)), undefined);
  }),
);

options('gives the layer to the mapped root if the mount maps ids', () =>
  withOptions({ remapIds: true }, async (driver, root) => {
    await driver.create({ ...active(1), labels });
    const { uid, gid } = lstatSync(`${root}/snapshots/1/fs`);
    assert.equal([uid, gid], [100000, 200000]);
    await rejectsWith(
      () => driver.create({ ...active(2), labels: { ...labels, 'containerd.io/snapshot/uidmapping': 'x' } }),
      'misuse',
    );
  }),
);

for (const set of [{}, { remapIds: false }])
  options(`does not map ids, in mounts or owners, with ${JSON.stringify(set)}`, () =>
    withOptions(set, async (driver, root) => {
      await driver.create({ ...active(1), labels });
      assert.is(lstatSync(`${root}/snapshots/1/fs`).uid, 0);
      const [mount] = await driver.mounts({ ...active(1), labels });
      assert.equal(mount?.options, ['rw', 'rbind']);
    }),
  );

options('maps ids in mounts if configured', () =>
  withOptions({ remapIds: true }, async (driver) => {
    await driver.create({ ...active(1), labels });
    const [mount] = await driver.mounts({ ...active(1), labels });
    assert.equal(mount?.options, ['uidmap=0:100000:65536', 'gidmap=0:200000:65536', 'rw', 'rbind']);
  }),
);

options('lists the capabilities of the options', async () => {
  const capabilities = async (set: OverlayOptions) => {
    let names: readonly string[] = [];
    await withOptions(set, async (driver) => {
      names = driver.traits.capabilities;
    });
    return names;
  };
  assert.equal(await capabilities({ remapIds: true }), ['remap-ids', 'only-remap-ids', 'rebase']);
  assert.equal(await capabilities({}), ['only-remap-ids', 'rebase']);
  assert.equal(await capabilities({ remapIds: false }), ['only-remap-ids', 'rebase']);
  assert.equal(await capabilities({ remapIds: false, slowChown: true }), ['rebase']);
});

options.run();

const namespaced = suiteNeeding(
  'overlay driver, in a user namespace',
  requireFileSystem('overlay'),
  requireCommand('unshare'),
  isAtLeast(release(), 5, 11) ? undefined : 'needs Linux 5.11 for overlay in a user namespace',
);

const program = `
  const { createOverlayDriver } = await import(process.env.DRIVER);
  const { tryMount } = await import(process.env.TRY_MOUNT);
  const system = { syncFileSystem: async () => {}, writeData: async () => {} };
  const driver = await createOverlayDriver({ root: process.env.ROOT_OF_TEST, system, tryMount });
  const active = (id, ...parents) => ({ id, kind: 'active', parents, labels: {} });
  await driver.create(active(1));
  await driver.create(active(2, 1));
  const [mount] = await driver.mounts(active(2, 1));
  await tryMount(mount, process.env.ROOT_OF_TEST + '/empty');
  await driver.purge(2);
  await driver.close();
  console.log(JSON.stringify([mount.options.slice(0, 3), driver.traits.capabilities]));`;

namespaced('mounts with userxattr, and does not map ids', async () => {
  const sandbox = createSandbox('namespaced');
  try {
    const env = {
      DRIVER: source('adapters/volume-driver/overlay/overlay-driver'),
      TRY_MOUNT: source('adapters/system/commands'),
      ROOT_OF_TEST: sandbox.folder('root'),
    };
    writeFileSync(`${sandbox.path}/program.mjs`, program);
    const node = [process.execPath, `${sandbox.path}/program.mjs`];
    const { stdout } = await run('unshare', ['--user', '--map-root-user', ...node], { env });
    assert.equal(JSON.parse(stdout), [['index=off', 'userxattr', 'redirect_dir=nofollow'], ['only-remap-ids']]);
  } finally {
    await sandbox.close();
  }
});

namespaced.run();
