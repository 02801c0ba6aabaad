import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { liftingFlags } from '../../../../src/adapters/volume-driver/shared/lift-flags.ts';
import { createDriver } from '../../../../src/compose/drivers.ts';
import { errnoError } from '../../../../src/ports/errno.ts';
import { noFailpoints } from '../../../../src/ports/failpoints.ts';
import type { Volume } from '../../../../src/ports/volume-driver.ts';
import { insideMount } from '../../../support/inside-mount.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding(
  'purge of immutable files',
  ...(['overlay', 'ext4', 'btrfs'] as const).map(requireFileSystem),
  ...['chattr', 'mkfs.btrfs'].map(requireCommand),
);

const immutable = `mkdir -p a/b; echo x > a/b/file; echo y > a/log; ln -s /etc link; mkfifo fifo
  chattr +i a/b/file a/b; chattr +a a/log; chattr +i .`;

for (const [name, type] of [
  ['overlay', 'ext4'],
  ['btrfs', 'btrfs'],
] as const)
  for (const kind of ['active', 'committed'] as const)
    test(`${name} purges a volume, ${kind}, with immutable files and directories`, async () => {
      const loop = createLoop(type);
      try {
        const root = `${loop.path}/root`;
        const driver = await createDriver(
          { driver: name, root, overlay: {} },
          { system: createSystem(), failpoint: noFailpoints },
        );
        const volume: Volume = { id: 1, kind: 'active', parents: [], labels: {} };
        await driver.create(volume);
        const [mount] = await driver.mounts(volume);
        if (mount !== undefined) await insideMount(mount, immutable);
        if (kind === 'committed') {
          await driver.freeze(volume);
          await driver.dropActive({ ...volume, kind });
        }
        await driver.purge(1);
        await driver.close();
        assert.not.ok(existsSync(`${root}/snapshots/1`));
      } finally {
        loop.end();
      }
    });

test('rejects with the first error if flags cannot be cleared, and clears none for other errors', async () => {
  const forbidden = errnoError('EPERM', 'forbidden');
  const caught = (lift?: () => Promise<void>, error = forbidden) =>
    liftingFlags('/path', lift, () => Promise.reject(error)).catch((thrown) => thrown);
  assert.is(await caught(), forbidden);
  assert.is(await caught(() => Promise.reject(new Error('no chattr'))), forbidden);
  let lifted = false;
  const full = errnoError('ENOSPC', 'full');
  const lift = async () => {
    lifted = true;
  };
  assert.is(await caught(lift, full), full);
  assert.not.ok(lifted);
});

test.run();
