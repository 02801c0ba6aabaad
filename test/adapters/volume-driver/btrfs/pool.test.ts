import { readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { active, view } from '../../../contract/volume-driver.contract.ts';
import { fillPool, poolOf, volumePoolContract } from '../../../contract/volume-pool.contract.ts';
import { needsBtrfs, newRoot, openDriver } from './bench.ts';
import { btrfsSuite } from './btrfs-suite.ts';

volumePoolContract(
  'btrfs driver',
  async () => {
    const root = newRoot();
    return { root, open: (failpoint) => openDriver(root, failpoint && { failpoint }), end: async () => {} };
  },
  needsBtrfs,
);

btrfsSuite('who gets a volume made ahead', (test) => {
  test('an active without parent, and nothing else', async ({ driver, root, commit }) => {
    await driver.create(active(1));
    await commit(active(1));
    await fillPool(driver);
    await driver.create(active(2, 1));
    await driver.create(view(3));
    await driver.create(view(4, 1));
    assert.ok(poolOf(driver).isFull());
    await driver.create(active(5));
    assert.not(poolOf(driver).isFull());
    assert.equal(readdirSync(`${root}/snapshots/5`).sort(), ['fs', 'work']);
  });

  test('an active that is committed as it is: nothing but its layer is left', async ({
    driver,
    commit,
    part,
    inside,
  }) => {
    await fillPool(driver);
    await driver.create(active(1));
    await inside(active(1), 'echo text > file');
    await commit(active(1));
    assert.equal(readdirSync(part(1, '')), ['layer']);
    assert.equal(readdirSync(part(1, 'layer')), ['file']);
  });

  test('a layer to rebase', async ({ driver, inside }) => {
    await fillPool(driver);
    const layer = { ...active(1), labels: { 'containerd.io/snapshot.ref': 'sha256:1' } };
    await driver.create(layer);
    assert.match(await inside(layer, 'touch file && ls'), 'file');
  });
});
