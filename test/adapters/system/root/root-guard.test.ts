import { existsSync, mkdirSync, renameSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import {
  createRootGuard,
  directoryIdentity,
  type WatchingGuard,
} from '../../../../src/adapters/system/root/root-guard.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { waitFor } from '../../../support/wait-for.ts';

interface Fixture {
  readonly sandbox: Sandbox;
  readonly root: string;
  readonly guard: WatchingGuard;
}

const test = suiteNeeding('root guard', requireFileSystem('ext4'));

async function withRoot(work: (place: Fixture) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('guard');
  const root = sandbox.folder('root');
  for (const name of ['snapshots', 'log']) sandbox.folder(`root/${name}`);
  const guard = createRootGuard(root);
  guard.watch([{ name: 'snapshots' }, { name: 'log' }, { name: 'quarantine', recreated: 0o700 }]);
  try {
    await work({ sandbox, root, guard });
  } finally {
    guard.close();
    await sandbox.close();
  }
}

const said = (guard: WatchingGuard) => {
  const fault = guard.checkFully();
  return fault === undefined ? 'there' : `${fault.code}: ${fault.message}`;
};

test('distinguishes directories by device and inode', () =>
  withRoot(async ({ root, sandbox }) => {
    const { dev, ino } = statSync(root, { bigint: true });
    assert.equal(directoryIdentity(root), { device: dev, inode: ino });
    symlinkSync(root, join(sandbox.path, 'link'));
    assert.equal(directoryIdentity(join(sandbox.path, 'link')), directoryIdentity(root));
  }));

test('detects a directory that was deleted and created again', () =>
  withRoot(async ({ root, guard }) => {
    rmdirSync(join(root, 'snapshots'));
    mkdirSync(join(root, 'snapshots'));
    assert.match(said(guard), 'snapshots: is not the directory');
  }));

test('creates missing optional directories again', () =>
  withRoot(async ({ root, guard }) => {
    assert.is(statSync(join(root, 'quarantine')).mode & 0o777, 0o700);
    rmdirSync(join(root, 'quarantine'));
    assert.is(said(guard), 'there');
    assert.ok(existsSync(join(root, 'quarantine')));
  }));

test('reports what was mounted over, until it is unmounted', () =>
  withRoot(async ({ root, guard }) => {
    for (const name of ['', '/snapshots', '/log', '/quarantine']) {
      await run('mount', ['-t', 'tmpfs', 'tmpfs', root + name]);
      const about = name === '' ? root : `${root}: ${name.slice(1)}`;
      assert.is(said(guard), `stale: root ${about}: is not the directory that was opened`);
      assert.ok(name !== '' || !existsSync(join(root, 'quarantine')));
      await run('umount', [root + name]);
      assert.is(said(guard), 'there');
    }
  }));

test('reports what was moved, until it is back', () =>
  withRoot(async ({ root, guard }) => {
    for (const name of ['', '/snapshots', '/log']) {
      renameSync(root + name, `${root}-moved`);
      assert.match(said(guard), /^stale: .*does not exist any more$/);
      mkdirSync(root + name);
      assert.match(said(guard), /^stale: .*is not the directory/);
      rmdirSync(root + name);
      renameSync(`${root}-moved`, root + name);
      assert.is(said(guard), 'there');
    }
    assert.not(existsSync(`${root}-moved`));
  }));

test('reports what became read-only', () =>
  withRoot(async ({ root, guard }) => {
    for (const name of ['', '/log', '/quarantine']) {
      await run('mount', ['--bind', root + name, root + name]);
      await run('mount', ['-o', 'remount,bind,ro', root + name]);
      assert.match(said(guard), /^read-only: root .*: EROFS/);
      await run('umount', [root + name]);
      assert.is(said(guard), 'there');
    }
  }));

test('reports an ext4 error after which nothing is written, even on an idle root', async () => {
  const loop = createLoop('ext4', { mount: ['errors=remount-ro'] });
  const guard = createRootGuard(loop.path);
  try {
    assert.is(said(guard), 'there');
    writeFileSync(`/sys/fs/ext4/${basename(loop.device)}/trigger_fs_error`, 'a test');
    await waitFor('the error to be seen', () => said(guard) !== 'there');
    assert.match(said(guard), /^read-only: root /);
    assert.throws(() => mkdirSync(join(loop.path, 'more')), /EROFS/);
  } finally {
    guard.close();
    loop.end();
  }
});

test('answers about this moment if asked to', () =>
  withRoot(async ({ root, guard }) => {
    assert.is(guard.checkNow(), undefined);
    renameSync(`${root}/snapshots`, `${root}/moved`);
    assert.match(guard.checkNow()?.message ?? '', /snapshots: does not exist any more/);
    renameSync(`${root}/moved`, `${root}/snapshots`);
    assert.is(guard.checkNow(), undefined);
  }));

test('caches its answer for at most a millisecond', () =>
  withRoot(async ({ root, guard }) => {
    assert.is(guard.checkFully(), undefined);
    renameSync(root, `${root}-moved`);
    await sleep(2);
    assert.instance(guard.check(), Fault);
    renameSync(`${root}-moved`, root);
    await sleep(2);
    assert.is(guard.check(), undefined);
  }));

test('refuses to watch a missing path, or a file', () =>
  withRoot(async ({ root, guard }) => {
    writeFileSync(join(root, 'checkpoints'), '');
    for (const [name, code] of [
      ['checkpoints', 'misuse'],
      ['missing', 'io'],
    ] as const)
      try {
        guard.watch([{ name }]);
        assert.unreachable();
      } catch (error) {
        assert.instance(error, Fault);
        assert.is((error as Fault).code, code);
      }
  }));

test.run();
