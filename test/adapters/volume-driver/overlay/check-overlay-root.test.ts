import { chmodSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { tryMount } from '../../../../src/adapters/system/commands.ts';
import { checkOverlayRoot } from '../../../../src/adapters/volume-driver/overlay/check-overlay-root.ts';
import { rejectsWith } from '../../../contract/volume-driver.contract.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const check = suiteNeeding('checkOverlayRoot', requireFileSystem('overlay'), requireCommand('mkfs.ext4'));

async function inSandbox(action: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('check');
  try {
    await action(sandbox);
  } finally {
    await sandbox.close();
  }
}

check('creates a new root, and changes nothing the second time', () =>
  inSandbox(async ({ path }) => {
    const root = `${path}/deep/root`;
    for (let n = 0; n < 2; n++) assert.is(await checkOverlayRoot(root, tryMount), root);
    assert.equal(readdirSync(root).sort(), ['empty', 'pool', 'quarantine', 'snapshots']);
  }),
);

check('corrects the modes that an earlier start or another tool left', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    mkdirSync(`${root}/snapshots`, 0o777);
    mkdirSync(`${root}/empty`);
    for (const [name, mode] of [
      ['', 0o755],
      ['/snapshots', 0o777],
      ['/empty', 0o700],
    ] as const)
      chmodSync(root + name, mode);
    await checkOverlayRoot(root, tryMount);
    const modes = ['', '/snapshots', '/empty'].map((name) => (lstatSync(root + name).mode & 0o7777).toString(8));
    assert.equal(modes, ['700', '700', '755']);
  }),
);

check('resolves symbolic links to the root', () =>
  inSandbox(async ({ path, folder }) => {
    symlinkSync(folder('real'), `${path}/link`);
    assert.is(await checkOverlayRoot(`${path}/link`), `${path}/real`);
  }),
);

check('refuses a file, and a path below one', () =>
  inSandbox(async ({ path }) => {
    writeFileSync(`${path}/file`, '');
    for (const root of [`${path}/file`, `${path}/file/root`]) await rejectsWith(() => checkOverlayRoot(root), 'misuse');
  }),
);

check('refuses a symbolic link in place of its own directories', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    symlinkSync(folder('elsewhere'), `${root}/snapshots`);
    await rejectsWith(() => checkOverlayRoot(root), 'misuse');
    assert.equal(readdirSync(folder('elsewhere')), []);
  }),
);

check('refuses a path that mount options cannot contain', () =>
  inSandbox(async ({ path }) => {
    for (const name of ['a,b', 'a:b', 'a\\b']) await rejectsWith(() => checkOverlayRoot(`${path}/${name}`), 'misuse');
    await rejectsWith(() => checkOverlayRoot('/'), 'misuse');
  }),
);

check('refuses a read-only file system', async () => {
  const loop = createLoop('ext4');
  try {
    loop.unmount();
    await run('mount', ['-o', 'ro', loop.device, loop.path]);
    const fault = await rejectsWith(() => checkOverlayRoot(loop.path), 'read-only');
    assert.match(fault.message, 'read-only');
  } finally {
    await run('umount', [loop.path]);
    loop.end();
  }
});

check('refuses a file system without d_type', async () => {
  const loop = createLoop('ext4', { format: ['-O', '^filetype'] });
  try {
    const fault = await rejectsWith(() => checkOverlayRoot(loop.path, tryMount), 'unsupported');
    assert.match(fault.message, 'd_type');
  } finally {
    loop.end();
  }
});

check('refuses a root on an overlay', () =>
  inSandbox(async ({ folder }) => {
    const options = `lowerdir=${folder('lower')},upperdir=${folder('upper')},workdir=${folder('work')}`;
    await run('mount', ['-t', 'overlay', '-o', options, 'overlay', folder('merged')]);
    const fault = await rejectsWith(() => checkOverlayRoot(folder('merged')), 'unsupported');
    assert.match(fault.message, 'itself on an overlay');
  }),
);

check('tries the configured mount options, and names the refused ones', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    await checkOverlayRoot(root, tryMount, ['volatile', 'xino=off']);
    for (const [options, named] of [
      [['volatile', 'no_such_option'], '"no_such_option": '],
      [['redirect_dir=perhaps', 'xino=off'], '"redirect_dir=perhaps": '],
      [['ro'], '"ro": '],
      [[`upperdir=${folder('elsewhere')}`], '"upperdir='],
    ] as const) {
      const fault = await rejectsWith(() => checkOverlayRoot(root, tryMount, options), 'misuse');
      assert.match(fault.message, `overlay.mount_options: ${named}`);
    }
    assert.equal(readdirSync(root).sort(), ['empty', 'pool', 'quarantine', 'snapshots']);
  }),
);

check('tries a quarantine, and leaves nothing of it', () =>
  inSandbox(async ({ folder, atEnd }) => {
    const root = folder('root');
    mkdirSync(`${folder('root/snapshots')}/.probe`);
    await checkOverlayRoot(root, tryMount);
    assert.equal([...readdirSync(`${root}/snapshots`), ...readdirSync(`${root}/quarantine`)], []);
    await run('mount', ['-t', 'tmpfs', 'tmpfs', `${root}/quarantine`]);
    atEnd(() => run('umount', [`${root}/quarantine`]).then(() => {}));
    const fault = await rejectsWith(() => checkOverlayRoot(root, tryMount), 'misuse');
    assert.match(fault.message, 'quarantine/ is not on the mount of snapshots/');
    assert.equal(readdirSync(`${root}/snapshots`), []);
  }),
);

check('refuses if the kernel refuses the mount, and leaves no probe', () =>
  inSandbox(async ({ folder }) => {
    const refuse = async () => {
      throw new Error('wrong fs type');
    };
    mkdirSync(`${folder('root')}/.probe`);
    const fault = await rejectsWith(() => checkOverlayRoot(folder('root'), refuse), 'unsupported');
    assert.match(fault.message, 'wrong fs type');
    assert.equal(readdirSync(folder('root')).sort(), ['empty', 'pool', 'quarantine', 'snapshots']);
  }),
);

check.run();
