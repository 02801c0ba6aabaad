import { execFileSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { cliDeps } from '../../src/compose/cli-deps.ts';
import { needsBtrfs, openDriver } from '../adapters/volume-driver/btrfs/bench.ts';
import { active, view } from '../contract/volume-driver.contract.ts';
import { createLoop } from '../support/loop.ts';
import { suiteNeeding } from '../support/requirements.ts';

const test = suiteNeeding('scan of a stopped store on btrfs', needsBtrfs);

test('changes nothing: a read-only file system is enough', async () => {
  const loop = createLoop('btrfs');
  try {
    const driver = await openDriver(`${loop.path}/root`);
    await driver.create(active(1));
    await driver.freeze(active(1));
    await driver.dropActive({ ...active(1), kind: 'committed' });
    for (const volume of [active(2, 1), active(3), view(4, 1)]) await driver.create(volume);
    await driver.freeze(active(3));
    const found = await driver.scan();
    await driver.close();
    execFileSync('mount', ['-o', 'remount,ro', loop.path]);
    const volumes = await cliDeps.openScan(`${loop.path}/root`, 'btrfs');
    const seen = await volumes.scan();
    assert.equal(seen, found);
    assert.ok(volumes.occupies({ kind: 'view' }));
    for (const each of seen) assert.is(await volumes.isPristine(each), each.id === 2 || each.id === 4);
  } finally {
    loop.end();
  }
});

test.run();
