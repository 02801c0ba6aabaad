import { chownSync, lstatSync, readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { nativeCalls } from '../../../../src/adapters/system/native-calls.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import type { OverlayOptions } from '../../../../src/adapters/volume-driver/overlay/overlay-mounts.ts';
import type { VolumeDriver } from '../../../../src/ports/volume-driver.ts';
import { active, only, rejectsWith } from '../../../contract/volume-driver.contract.ts';
import { fillPool, poolOf, volumePoolContract } from '../../../contract/volume-pool.contract.ts';
import { requireFileSystem, requireRoot, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

volumePoolContract(
  'overlay driver',
  async () => {
    const sandbox = createSandbox('pool');
    const root = sandbox.folder('root');
    return {
      root,
      open: (failpoint) => createOverlayDriver({ root, system: createSystem(), ...(failpoint && { failpoint }) }),
      end: () => sandbox.close(),
    };
  },
  requireRoot() ?? requireFileSystem('overlay'),
);

const test = suiteNeeding(
  'overlay driver: volumes made ahead are taken by',
  requireRoot(),
  requireFileSystem('overlay'),
);

async function onPool(
  action: (driver: VolumeDriver, root: string) => Promise<void>,
  options: OverlayOptions = {},
): Promise<void> {
  const sandbox = createSandbox('pool');
  const root = sandbox.folder('root');
  const driver = await createOverlayDriver({ root, system: createSystem(), options });
  try {
    await fillPool(driver);
    await action(driver, root);
  } finally {
    await driver.close();
    await sandbox.close();
  }
}

const ownerOf = (path: string) => {
  const { uid, gid } = lstatSync(path);
  return [uid, gid];
};

test('an active on a parent: its layer has the owner of its parent', () =>
  onPool(async (driver, root) => {
    await driver.create(active(1));
    chownSync(`${root}/snapshots/1/fs`, 1000, 2000);
    const { ino } = lstatSync(`${root}/pool/2`);
    await driver.create(active(2, 1));
    assert.is(lstatSync(`${root}/snapshots/2`).ino, ino);
    assert.equal(ownerOf(`${root}/snapshots/2/fs`), [1000, 2000]);
    assert.equal(ownerOf(`${root}/snapshots/2`), [process.geteuid?.(), process.getegid?.()]);
  }));

test('an active with mapped ids: its layer has the owner of the mapping', () =>
  onPool(
    async (driver, root) => {
      const labels = {
        'containerd.io/snapshot/uidmapping': '0:100000:65536',
        'containerd.io/snapshot/gidmapping': '0:200000:65536',
      };
      await driver.create({ ...active(1), labels });
      assert.equal(ownerOf(`${root}/snapshots/1/fs`), [100000, 200000]);
      assert.is(readdirSync(`${root}/pool`).length, 7);
    },
    { remapIds: true },
  ));

test('no staged active, which must have no layer, and no view', () =>
  onPool(async (driver, root) => {
    await driver.create({ ...active(1), staged: true });
    await driver.create({ ...active(2), kind: 'view' });
    assert.equal(readdirSync(`${root}/snapshots/1`), ['work']);
    assert.not(only(await driver.scan()).layer);
    assert.ok(poolOf(driver).isFull());
  }));

for (const [name, value] of [
  // Version 2, then tag, permissions and id of owner, group and others. Source: linux/posix_acl_xattr.h
  ['system.posix_acl_default', '02000000 01000700ffffffff 04000500ffffffff 20000000ffffffff'],
  ['security.test', '61'],
] as const)
  test(`nothing if new directories get another ${name} among the volumes than in the pool`, async () => {
    const sandbox = createSandbox('pool');
    const root = sandbox.folder('root');
    const { files } = nativeCalls();
    const open = () => createOverlayDriver({ root, system: createSystem(), files });
    try {
      const before = await open();
      assert.not(poolOf(before).isFull());
      await before.close();
      files.setXattr(Buffer.from(`${root}/snapshots`), name, Buffer.from(value.replaceAll(' ', ''), 'hex'));
      const driver = await open();
      sandbox.atEnd(() => driver.close());
      assert.ok(poolOf(driver).isFull());
      await driver.create(active(1));
      if (name.startsWith('system')) assert.ok(files.xattrs(Buffer.from(`${root}/snapshots/1/fs`)).includes(name));
    } finally {
      await sandbox.close();
    }
  });

test('nothing on a missing parent', () =>
  onPool(async (driver) => {
    await rejectsWith(() => driver.create(active(2, 1)), 'io');
    assert.equal(await driver.scan(), []);
    assert.ok(poolOf(driver).isFull());
  }));

test.run();
