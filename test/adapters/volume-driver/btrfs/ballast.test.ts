import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createBallast } from '../../../../src/adapters/volume-driver/btrfs/ballast.ts';
import { fillBlocks, fillMetadata, fillQuota, limitedSubvolume } from '../../../fault/small-disk.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { createLoop } from '../../../support/loop.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { btrfs, openDriver } from './bench.ts';
import { btrfsSuite } from './btrfs-suite.ts';

const { preallocate } = createSystem();
const unexpectedWarning = (message: string) => assert.unreachable(message);

btrfsSuite('ballast', (test) => {
  test('is created and released completely', async ({ root, calls }) => {
    const ballast = createBallast({ root, calls, preallocate, warn: unexpectedWarning });
    await ballast?.restore();
    const path = join(root, 'ballast');
    const { length } = readdirSync(path);
    assert.ok(length > 500, `${length} links`);
    unlinkSync(join(path, '7'));
    await createBallast({ root, calls, preallocate, warn: unexpectedWarning })?.restore();
    assert.is(readdirSync(path).length, length);
    const held = join(root, 'ballast.quota');
    assert.is(statSync(held).blocks * 512, 1 << 20);
    assert.is(await ballast?.release(), true);
    assert.not(existsSync(path));
    assert.not(existsSync(held));
    assert.not.match(btrfs('subvolume', 'list', '-d', root), 'DELETED');
    assert.is(await ballast?.release(), false);
  });

  test('replaces a copy that is no subvolume', async ({ root, calls }) => {
    mkdirSync(join(root, 'ballast'));
    const ballast = createBallast({ root, calls, preallocate, warn: unexpectedWarning });
    await ballast?.restore();
    assert.is(await ballast?.release(), true);
  });

  test('is not created again right after its release', async ({ root, calls }) => {
    const ballast = createBallast({ root, calls, preallocate, warn: unexpectedWarning });
    await ballast?.restore();
    await ballast?.release();
    await ballast?.restore();
    assert.not(existsSync(join(root, 'ballast')));
  });

  test('is silently left out if there is no space for it', async ({ calls }) => {
    const loop = createLoop('btrfs');
    try {
      const root = join(loop.path, 'root');
      mkdirSync(root);
      fillBlocks(loop);
      fillMetadata(loop);
      await createBallast({ root, calls, preallocate, warn: unexpectedWarning })?.restore();
    } finally {
      loop.end();
    }
  });

  test('lets volumes be deleted over a quota, which charges three blocks for each', async ({ calls }) => {
    const loop = createLoop('btrfs', { megabytes: 256 });
    try {
      const limited = limitedSubvolume(loop, '16M');
      const root = join(limited, 'root');
      const ballast = createBallast({ root, calls, preallocate, warn: unexpectedWarning });
      await ballast?.restore();
      const driver = await openDriver(root, { ballast });
      const volume = { kind: 'active', parents: [], labels: {} } as const;
      for (const id of [1, 2]) await driver.create({ ...volume, id });
      fillQuota(limited);
      assert.is((await caughtFault(driver.create({ ...volume, id: 3 }))).code, 'no-space');
      for (const id of [1, 2]) await driver.purge(id);
      assert.not(existsSync(join(root, 'snapshots', '1')));
      assert.not(existsSync(join(root, 'ballast.quota')));
      await driver.close();
    } finally {
      loop.end();
    }
  });

  test('does not exist if the root is not on btrfs', async ({ calls }) => {
    const sandbox = createSandbox('ballast');
    const root = join(sandbox.path, 'root');
    assert.is(createBallast({ root, calls, preallocate, warn: unexpectedWarning }), undefined);
    await sandbox.close();
  });
});
