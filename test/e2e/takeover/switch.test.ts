import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { file } from '../../support/image/entries.ts';
import { imageOf, layerOf } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { startRegistry } from '../../support/registry.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { needs } from '../environment.ts';
import { base, changes } from '../layers.ts';
import { createNode, type Node } from './node.ts';

const test = suiteNeeding('switch of a node', ...needs());
let sandbox: Sandbox;
let node: Node;
let registry: string;
/** pulled before the takeover */
let early: string;
/** pushed, not pulled */
let late: string;
let pid = '';

const pidOf = async (id: string) =>
  (await node.ctr('tasks', 'list'))
    .split('\n')
    .find((row) => row.startsWith(`${id} `))
    ?.split(/\s+/)[1] ?? '';
const exec = (id: string, script: string) =>
  node.ctr('tasks', 'exec', '--exec-id', `e${process.hrtime.bigint()}`, id, '/bin/sh', '-c', script);
const start = (reference: string, id: string) =>
  node.ctr('run', '--detach', '--net-host', '--snapshotter', node.snapshotter(), reference, id, '/bin/sleep', '10000');
const snapshots = (...args: readonly string[]) => node.ctr('snapshots', '--snapshotter', node.snapshotter(), ...args);
const volumes = () => readdirSync(join(node.root, 'snapshots'));
const accept = 'application/vnd.oci.image.manifest.v1+json';
const sleeping = ['/bin/sleep', '10000'];

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('switch');
    node = createNode(sandbox);
    registry = await startRegistry(sandbox);
    early = await pushImage(
      registry,
      'busybox',
      'early',
      imageOf([base(), changes()].map(layerOf), { Env: ['PATH=/bin'] }),
    );
    late = await pushImage(
      registry,
      'busybox',
      'late',
      imageOf([base(), [file('late', 'only here\n')]].map(layerOf), { Env: ['PATH=/bin'] }),
    );
    await node.startContainerd();
    await node.pull(early);
    await start(early, 'lasting');
    await exec('lasting', 'echo before > /srv/note');
    await node.ctr('containers', 'create', '--net-host', '--snapshotter', 'overlayfs', early, 'sleeper', ...sleeping);
    pid = await pidOf('lasting');
  }),
);
test.after(() => sandbox.close());

test('takeover: is refused while containerd runs, and changes nothing', async () => {
  const before = readdirSync(node.root);
  const { status, stderr } = await node.snapledger(['takeover', '--root', node.root]);
  assert.is(status, 4, stderr);
  assert.match(stderr, /meta\.db: .*locked/);
  assert.match(stderr, 'stop containerd');
  assert.equal(readdirSync(node.root), before);
});

test('takeover: shows its plan', async () => {
  await node.stopContainerd();
  const before = readdirSync(node.root);
  const plan = JSON.parse(await node.done('takeover', '--root', node.root, '--dry-run', '--json'));
  assert.equal([plan.done, plan.committed, plan.actives, plan.odd], ['planned', 2, 2, []]);
  assert.equal(plan.renamed, { snapshots: 4, containers: 2 });
  assert.equal(readdirSync(node.root), before);
});

test('takeover: containers go on, and containerd knows all of them', async () => {
  await node.done('takeover', '--root', node.root);
  await node.startSnapledger();
  await node.connect();
  await node.startContainerd();
  assert.is(await pidOf('lasting'), pid);
  await exec('lasting', 'test "$(cat /srv/note)" = before && echo after >> /srv/note');
  await node.done('verify', '--root', node.root, '--deep');
});

test('takeover: a second one has nothing to do', async () => {
  assert.match(await node.done('takeover', '--root', node.root), 'already');
});

/** What works on a node with either snapshotter. */
async function useNode(round: string): Promise<void> {
  await node.runOnce(early, `once-${round}`, 'test -d /etc');
  await node.ctr('tasks', 'start', '--detach', 'sleeper');
  await exec('sleeper', `echo ${round} >> /srv/rounds`);
  await node.ctr('tasks', 'kill', '--signal', 'SIGKILL', 'sleeper');
  const isStopped = async () => /sleeper\s+\d+\s+STOPPED/.test(await node.ctr('tasks', 'list'));
  await waitFor('the container to stop', isStopped);
  await node.ctr('tasks', 'delete', 'sleeper');
  await node.pull(late);
  await node.runOnce(late, `late-${round}`, 'test -d /etc');
  const made = volumes().length;
  await node.ctr('images', 'remove', '--sync', late);
  await waitFor('the collection', () => volumes().length < made);
  await node.ctr('images', 'push', '--plain-http', `${registry}/pushed:${round}`, early);
  assert.is((await fetch(`http://${registry}/v2/pushed/manifests/${round}`, { headers: { accept } })).status, 200);
  await snapshots('prepare', `work-${round}`);
  await snapshots('commit', `layer-${round}`, `work-${round}`);
  await snapshots('label', `layer-${round}`, 'containerd.io/gc.root=test');
  await exec('lasting', 'true');
  assert.is(await pidOf('lasting'), pid);
}

test('takeover: the node works on', () => useNode('snapledger'));

test('giveback: containers go on with the builtin, with all that was made in between', async () => {
  await node.stopContainerd();
  const held = await node.snapledger(['giveback', '--root', node.root]);
  assert.is(held.status, 4, held.stderr);
  await node.stopSnapledger();
  await node.done('giveback', '--root', node.root);
  node.disconnect();
  await node.startContainerd();
  assert.ok(existsSync(join(node.root, 'given-back/log')));
  assert.is(await pidOf('lasting'), pid);
  assert.match(await snapshots('list'), 'layer-snapledger');
  await exec('lasting', 'test "$(cat /srv/note | tr "\\n" " ")" = "before after "');
  await useNode('builtin');
});

test('takeover: of what was given back', async () => {
  await node.stopContainerd();
  await node.done('takeover', '--root', node.root);
  await node.startSnapledger();
  await node.connect();
  await node.startContainerd();
  await useNode('again');
  await node.done('verify', '--root', node.root, '--deep');
});

test.run();
