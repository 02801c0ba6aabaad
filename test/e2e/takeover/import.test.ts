import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readMetadata } from '../../support/containerd-root.ts';
import { type SourceKind, sourceTree } from '../../support/containerd-source.ts';
import { differences } from '../../support/image/compare-trees.ts';
import { file } from '../../support/image/entries.ts';
import { foundTree } from '../../support/image/found-tree.ts';
import { imageOf, layerOf } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';
import { createLoop } from '../../support/loop.ts';
import { startRegistry } from '../../support/registry.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { needs } from '../environment.ts';
import { base, changes } from '../layers.ts';
import { createNode, type Node } from './node.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>(
  'import from a containerd',
  ...needs(),
  requireFileSystem('btrfs'),
  requireCommand('mkfs.btrfs'),
);
test.before.each((context) => {
  context.sandbox = createSandbox('import-node');
});
test.after.each(({ sandbox }) => sandbox.close());

function createSource(sandbox: Sandbox, kind: SourceKind): Node {
  if (kind === 'native') return createNode(sandbox, `import-${process.pid}`, { own: kind, driver: 'overlay' });
  const loop = createLoop('btrfs', { megabytes: 512 });
  sandbox.atEnd(loop.end);
  const containerdRoot = join(loop.path, 'containerd');
  mkdirSync(containerdRoot);
  return createNode(sandbox, `import-${process.pid}`, { own: kind, driver: 'btrfs', containerdRoot });
}

const snapshots = (node: Node, ...args: readonly string[]) =>
  node.ctr('snapshots', '--snapshotter', node.snapshotter(), ...args);

/** The tree of a snapshot of containerd's own snapshotter. */
async function treeIn(node: Node, kind: SourceKind, end: string) {
  const found = (await readMetadata(node.root)).snapshots.find(({ key }) => key.endsWith(`/${end}`));
  assert.ok(found, end);
  return foundTree(join(node.root, sourceTree(kind, found)));
}

/** What the mount of an active shows. */
async function treeOf(node: Node, sandbox: Sandbox, key: string) {
  const target = sandbox.folder('mounted');
  await run('sh', ['-c', await snapshots(node, 'mounts', target, key)]);
  const found = await foundTree(target);
  await run('umount', [target]);
  return found;
}

for (const kind of ['btrfs', 'native'] as const)
  test(`import: a node with ${kind} goes on with snapledger, without a pull`, async ({ sandbox }) => {
    const node = createSource(sandbox, kind);
    const registry = await startRegistry(sandbox);
    const push = (tag: string, ...layers: Parameters<typeof layerOf>[0][]) =>
      pushImage(registry, 'busybox', tag, imageOf(layers.map(layerOf), { Env: ['PATH=/bin'] }));
    const image = await push('1', base(), changes());
    await node.startContainerd();
    await node.pull(image);
    const own = ['--net-host', '--snapshotter', kind, image];
    await node.ctr('containers', 'create', ...own, 'sleeper', '/bin/sleep', '10000');
    await node.ctr('run', '--detach', ...own, 'worker', '/bin/sleep', '10000');
    await node.ctr('tasks', 'exec', '--exec-id', 'e', 'worker', '/bin/sh', '-c', 'echo before > /srv/note');
    await node.stopContainerd();
    const take = ['takeover', '--from', node.root, '--root', node.store] as const;
    const refused = await node.snapledger(take);
    assert.is(refused.status, 4, refused.stderr);
    assert.match(refused.stderr, /\/worker: is mounted at/);
    await node.startContainerd();
    await node.ctr('tasks', 'delete', '--force', 'worker');
    const chain =
      (await snapshots(node, 'list'))
        .split('\n')
        .find((row) => row.startsWith('sleeper '))
        ?.split(/\s+/)[1] ?? '';
    await node.stopContainerd();
    const before = new Map([
      ['fresh', await treeIn(node, kind, chain)],
      ['sleeper', await treeIn(node, kind, 'sleeper')],
      ['worker', await treeIn(node, kind, 'worker')],
    ]);

    await node.done(...take);
    await node.startSnapledger();
    await node.connect();
    await node.startContainerd();
    await snapshots(node, 'prepare', 'fresh', chain);
    assert.ok(before.get('worker')?.has('srv/note'));
    for (const [key, tree] of before) {
      assert.ok(tree.size > 20);
      assert.equal(differences(tree, await treeOf(node, sandbox, key)), [], key);
    }
    await node.runOnce(image, 'once', 'test -d /etc && ! test -e /etc/removed');
    await node.ctr('tasks', 'start', '--detach', 'sleeper');
    await node.ctr(
      'tasks',
      'exec',
      '--exec-id',
      'e',
      'sleeper',
      '/bin/sh',
      '-c',
      'echo ran > /srv/ran && test -d /etc',
    );
    await node.pull(await push('2', base(), [file('late', 'late')]));
    await node.ctr('tasks', 'kill', '--signal', 'SIGKILL', 'sleeper');
    await node.done('verify', '--root', node.store, '--deep');
  });

test.run();
