import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { isContainerd, requireTools } from '../../support/containerd/tools.ts';
import { createLoop } from '../../support/loop.ts';
import { requireFileSystem, suiteNeeding, testUnless } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { needs, startNode } from './node.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('CRI image file system', ...needs(), requireFileSystem('ext4'));

test.before.each((context) => {
  context.sandbox = createSandbox('image-fs');
});
test.after.each(({ sandbox }) => sandbox.close());

/** A root on a file system of its own, so that its figures are distinct. */
async function nodeWithoutLink(sandbox: Sandbox) {
  const loop = createLoop('ext4', { megabytes: 96 });
  sandbox.atEnd(loop.end);
  const node = await startNode(sandbox, { driver: 'overlay', root: join(loop.path, 'root'), link: false });
  const [found] = (await node.cri.call('ImageFsInfo')).imageFilesystems;
  return { ...node, mountpoint: found?.fsId.mountpoint ?? '' };
}

const missing = requireTools('containerd');
const knowsExports = missing === undefined && isContainerd(1, 7, 16);
const onlyWithLink = missing ?? (knowsExports ? 'since 1.7.16 containerd knows the root by `exports`' : undefined);
const onlyWithExports = missing ?? (knowsExports ? undefined : 'before 1.7.16 containerd does not know `exports`');

const sizeOf = (path: string) => statfsSync(path).blocks * statfsSync(path).bsize;

testUnless(
  test,
  onlyWithLink,
  'link: without it there is no path, with the command of containerd-config it is the root',
  async (context) => {
    const { root, mountpoint, dropIn, containerdRoot } = await nodeWithoutLink(context.sandbox);
    assert.match(mountpoint, /io\.containerd\.snapshotter\.v1\.snapledger$/);
    assert.not(existsSync(mountpoint));
    const [, command = ''] = /^# +(ln .*)$/m.exec(dropIn) ?? [];
    await run('sh', ['-c', command.replace('/var/lib/containerd', containerdRoot)]);
    assert.is(sizeOf(mountpoint), sizeOf(root));
    assert.is.not(sizeOf(mountpoint), sizeOf(containerdRoot));
  },
);

testUnless(test, onlyWithExports, 'exports: containerd-config prints what makes it the root', async (context) => {
  const { root, mountpoint } = await nodeWithoutLink(context.sandbox);
  assert.is(mountpoint, root);
});

test.run();
