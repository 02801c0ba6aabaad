import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { active, rejectsWith, view } from '../../../contract/volume-driver.contract.ts';
import { insideMount } from '../../../support/inside-mount.ts';
import { createLoop } from '../../../support/loop.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { btrfs, newRoot, openDriver } from './bench.ts';
import { btrfsSuite } from './btrfs-suite.ts';

btrfsSuite('root', (test) => {
  test('has directories only for root, whatever the umask', async () => {
    const before = process.umask(0);
    const root = newRoot();
    try {
      await (await openDriver(root)).close();
    } finally {
      process.umask(before);
    }
    for (const part of ['', '/snapshots', '/quarantine']) assert.is(lstatSync(root + part).mode & 0o7777, 0o700);
  });

  test('is refused if it is not on btrfs, with a hint', async () => {
    const loop = createLoop('ext4');
    try {
      const fault = await rejectsWith(() => openDriver(`${loop.path}/root`), 'unsupported');
      assert.match(fault.hint, 'mount a btrfs file system at');
      assert.match(fault.hint, '--driver overlay');
    } finally {
      loop.end();
    }
  });

  test('is refused if it is no directory, or read-only', async () => {
    const file = newRoot();
    writeFileSync(file, '');
    await rejectsWith(() => openDriver(file), 'misuse');
    const loop = createLoop('btrfs');
    try {
      mkdirSync(`${loop.path}/root`);
      execFileSync('mount', ['-o', 'remount,ro', loop.path]);
      await rejectsWith(() => openDriver(`${loop.path}/root`), 'read-only');
    } finally {
      loop.end();
    }
  });

  test('is refused if the trial snapshot or quarantine fails, and keeps nothing of the trial', async ({ calls }) => {
    const root = newRoot();
    const refusing = { ...calls, snapshot: () => Promise.reject(new Error('no snapshots today')) };
    const fault = await rejectsWith(() => openDriver(root, { calls: refusing }), 'io');
    assert.match(fault.message, 'no snapshots today');
    await (await openDriver(root)).close();
    assert.equal(readdirSync(root).sort(), ['empty', 'pool', 'quarantine', 'snapshots']);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${root}/quarantine`]);
    try {
      assert.match((await rejectsWith(() => openDriver(root), 'misuse')).message, 'quarantine/ is not on');
    } finally {
      execFileSync('umount', [`${root}/quarantine`]);
    }
  });

  test('is opened on a full disk, where nothing can be tried', async ({ calls }) => {
    const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
    const driver = await openDriver(newRoot(), { calls: { ...calls, create: () => Promise.reject(full) } });
    await driver.close();
  });

  for (const kind of ['bind mount', 'subvolume mount', 'subvolume'] as const)
    test(`may be a ${kind}`, async () => {
      const sandbox = createSandbox('root');
      try {
        const inner = newRoot();
        btrfs('subvolume', 'create', inner);
        const root = kind === 'subvolume' ? inner : sandbox.folder('a root');
        const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', '--nofsroot', '-T', inner], {
          encoding: 'utf8',
        }).trim();
        if (kind === 'bind mount') execFileSync('mount', ['--bind', inner, root]);
        if (kind === 'subvolume mount')
          execFileSync('mount', ['-o', `subvolid=${btrfs('inspect-internal', 'rootid', inner).trim()}`, device, root]);
        const driver = await openDriver(root);
        sandbox.atEnd(() => driver.close());
        await driver.create(active(1));
        const [mount] = await driver.mounts(active(1));
        assert.is(mount?.source, device);
        if (mount !== undefined) await insideMount(mount, 'echo x > file');
        assert.is(lstatSync(`${realpathSync(root)}/snapshots/1/fs/file`).size, 2);
      } finally {
        await sandbox.close();
      }
    });

  test('has subvolume ids, read-only only for views', async ({ driver, calls, part, commit }) => {
    await driver.create(active(1));
    await commit(active(1));
    for (const volume of [active(2, 1), view(3, 1)]) {
      await driver.create(volume);
      const [mount] = await driver.mounts(volume);
      const subvolid = `subvolid=${await calls.idOf(part(volume.id, 'fs'))}`;
      assert.is(mount?.type, 'btrfs');
      assert.equal(mount?.options, volume.kind === 'view' ? [subvolid, 'ro'] : [subvolid]);
    }
  });
});
