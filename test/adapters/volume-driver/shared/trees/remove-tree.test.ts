import { linkSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { removeTree } from '../../../../../src/adapters/volume-driver/shared/trees/remove-tree.ts';
import { createLoop } from '../../../../support/loop.ts';
import { makeDeep } from '../../../../support/make-deep.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../../support/requirements.ts';
import { run } from '../../../../support/run.ts';
import { createSandbox, type Sandbox } from '../../../../support/sandbox.ts';

const removing = suite('removeTree');

async function inSandbox(action: (sandbox: Sandbox) => void | Promise<void>): Promise<void> {
  const sandbox = createSandbox('remove');
  try {
    await action(sandbox);
  } finally {
    await sandbox.close();
  }
}

const exists = (path: string) => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

removing('deletes everything below a directory and returns the bytes freed', () =>
  inSandbox(({ path, folder }) => {
    const root = folder('root');
    mkdirSync(`${root}/a`);
    writeFileSync(`${root}/a/file`, Buffer.alloc(100_000));
    writeFileSync(`${path}/kept`, Buffer.alloc(100_000));
    linkSync(`${path}/kept`, `${root}/a/second-name`);
    const own = [root, `${root}/a`, `${root}/a/file`].reduce((sum, part) => sum + lstatSync(part).blocks * 512, 0);
    assert.is(removeTree(root), own);
    assert.not(exists(root));
    assert.ok(exists(`${path}/kept`));
  }),
);

removing('does nothing for a missing path', () => {
  assert.is(removeTree('/nowhere/at/all'), 0);
});

removing('deletes a symbolic link and not its target', () =>
  inSandbox(({ path, folder }) => {
    writeFileSync(`${folder('outside')}/file`, 'x');
    symlinkSync(folder('outside'), `${folder('root')}/link`);
    symlinkSync(folder('outside'), `${path}/root-link`);
    removeTree(folder('root'));
    removeTree(`${path}/root-link`);
    assert.equal(readdirSync(path), ['outside']);
    assert.equal(readdirSync(`${path}/outside`), ['file']);
  }),
);

removing('deletes directories deeper than PATH_MAX', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    await makeDeep(root);
    removeTree(root);
    assert.not(exists(root));
  }),
);

removing.run();

const stubborn = suiteNeeding('removeTree, as root', requireFileSystem('ext4'), requireCommand('chattr'));

stubborn('names what cannot be deleted, and deletes the rest', async () => {
  const loop = createLoop('ext4');
  const root = `${loop.path}/root`;
  try {
    for (const name of ['a', 'b', 'c']) mkdirSync(`${root}/${name}`, { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(`${root}/${name}/file`, 'x');
    await run('chattr', ['+i', `${root}/b/file`]);
    assert.throws(
      () => removeTree(root),
      (error: NodeJS.ErrnoException) => error.code === 'EPERM' && error.message.includes(`${root}/b/file`),
    );
    assert.equal(readdirSync(root), ['b']);
    await run('chattr', ['-i', `${root}/b/file`]);
    removeTree(root);
    assert.not(exists(root));
  } finally {
    loop.end();
  }
});

stubborn('deletes entries without permissions, special files, and names that are not UTF-8', () =>
  inSandbox(async ({ folder }) => {
    const root = folder('root');
    await run('sh', [
      '-c',
      'cd "$0"; mkdir -m 000 work; mkfifo pipe; mknod whiteout c 0 0; mkdir "$(printf "\\377")"',
      root,
    ]);
    assert.is(readdirSync(root).length, 4);
    removeTree(root);
    assert.not(exists(root));
  }),
);

stubborn.run();
