import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { pullers, requirePuller } from '../support/containerd/pull.ts';
import { archiveOf } from '../support/image/archive.ts';
import { expectedTree } from '../support/image/expected-tree.ts';
import { imageOf, layerOf, packedLayer } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { type Missing, suiteNeeding, testUnless } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { type Environment, needs } from './environment.ts';
import { afterthoughts, base, changes } from './layers.ts';

interface State {
  environment: Environment;
  reference: string;
  committed: string;
}

const layers = [base(), changes(), afterthoughts()];

/** The life of images and containers, from pull to garbage collection, with a real containerd and any of its snapshotters. */
export function containerdFlow(
  name: string,
  environmentIn: (sandbox: Sandbox) => Promise<Environment>,
  needed?: Missing,
): void {
  const test = suiteNeeding(`containerd on ${name}`, ...needs(), needed);
  let sandbox: Sandbox;
  let state: State;

  test.before(() =>
    logAndRethrow(async () => {
      sandbox = createSandbox('e2e');
      state = await pushImages(await environmentIn(sandbox));
    }),
  );
  test.after(() => sandbox.close());

  for (const puller of pullers)
    testUnless(test, requirePuller(puller), `pull by the ${puller}: unpacks the sum of the layers`, async () => {
      const { environment, reference } = state;
      await environment.expectNothingLeft();
      await environment.pull(reference, puller);
      await environment.expectTree(reference, expectedTree(layers));
    });

  test('runs a container as root', async () => {
    await runContainer(state.environment, state.reference, 'as-root', ['--rm'], 'test "$(id -u)" = 0 && touch /root/x');
  });

  test('runs a container as the user of its image', async () => {
    const reference = state.reference.replace(/root$/, 'user');
    await state.environment.pull(reference);
    const script = 'test "$(id -u)" = 1000 && touch /home/user/x && ! touch /etc/x && ! touch /root/x';
    await runContainer(state.environment, reference, 'as-user', ['--rm'], script);
  });

  test('runs a container in a user namespace, with ids that the snapshotter does not map', async () => {
    // The host user of the container's root needs access to its root file system.
    for (const path of ['', 'containerd', 'containerd/state']) chmodSync(join(sandbox.path, path), 0o711);
    // All ids of the image: containerd 2.x changes the owners of a copy, 1.x only sends the mapping as labels.
    const ids = '0:100000:5000000';
    const mapping = ['--uidmap', ids, '--gidmap', ids, '--remap-labels'];
    const { containerd, snapshotter } = state.environment;
    const flags = ['--rm', '--snapshotter', snapshotter, ...mapping];
    await containerd.ctr('run', ...flags, state.reference, 'remapped', '/bin/sh', '-c', 'test "$(id -u)" = 0');
  });

  test('keeps what a container wrote, apart from its image', async () => {
    const script = 'echo written > /srv/note && rm /etc/removed && mv /home/user /home/moved && rm -r /opt/app';
    await runContainer(state.environment, state.reference, 'writer', [], script);
    await state.environment.expectTree(state.reference, expectedTree(layers));
  });

  test('commits what a container wrote as a layer, and pushes it', async () => {
    await importCommitted(state);
    await state.environment.containerd.ctr('images', 'push', '--plain-http', state.committed);
  });

  test('leaves nothing when everything is removed', async () => {
    await state.environment.expectNothingLeft();
    await state.environment.expectVerified();
  });

  test('pulls the committed image with what the container wrote', async () => {
    const { environment, committed } = state;
    await environment.pull(committed);
    const script =
      'test "$(cat /srv/note)" = written && test ! -e /etc/removed && test ! -e /opt/app && test -d /home/moved';
    await runContainer(environment, committed, 'reader', ['--rm'], `${script} && test -u /usr/setuid`);
  });

  test('serves a restarted containerd', async () => {
    await state.environment.containerd.restart();
    await runContainer(state.environment, state.committed, 'restarted', ['--rm'], 'test -e /srv/note');
    await state.environment.expectNothingLeft();
    await state.environment.expectVerified();
  });

  test('accepts layers that are built by hand', () => manualSnapshots(state.environment));

  test.run();
}

/** One image twice, for root and for the user 1000. */
async function pushImages(environment: Environment): Promise<State> {
  const packed = layers.map(layerOf);
  const push = (tag: string, User: string) =>
    pushImage(environment.registry, 'busybox', tag, imageOf(packed, { User, Env: ['PATH=/bin'] }));
  await push('user', '1000');
  return { environment, reference: await push('root', ''), committed: `${environment.registry}/committed:1` };
}

/** Runs a shell script in a new container; its status counts, since `ctr` now and then loses a short process's output. */
async function runContainer(
  { containerd, snapshotter }: Environment,
  reference: string,
  id: string,
  flags: readonly string[],
  script: string,
): Promise<void> {
  const start = ['run', '--net-host', '--snapshotter', snapshotter, ...flags];
  await containerd.ctr(...start, reference, id, '/bin/sh', '-c', `set -e; ${script}`);
}

/** Makes an image of the test image and the difference that the container `writer` made, and imports it. */
async function importCommitted({ environment, committed }: State): Promise<void> {
  const { containerd, sandbox, snapshotter } = environment;
  const difference = join(sandbox.path, 'difference.tar');
  const command = ['snapshots', '--snapshotter', snapshotter, 'diff', '--media-type'];
  const layer = await containerd.ctrBytes(...command, 'application/vnd.oci.image.layer.v1.tar', 'writer');
  writeFileSync(difference, layer);
  const { stdout } = await run('tar', ['--list', '--file', difference]);
  assert.match(stdout, 'srv/note');
  assert.match(stdout, 'etc/.wh.removed');
  const image = imageOf([...layers.map(layerOf), packedLayer(layer)], { Env: ['PATH=/bin'] });
  const archive = join(sandbox.path, 'committed.tar');
  writeFileSync(archive, archiveOf(image, committed));
  await containerd.ctr('images', 'import', '--snapshotter', snapshotter, archive);
}

/** Prepare, commit, view and remove with `ctr snapshots`, with a label that protects them from garbage collection. */
async function manualSnapshots({ containerd, snapshotter, expectNothingLeft, volumes }: Environment): Promise<void> {
  const snapshots = (...args: readonly string[]) => containerd.ctr('snapshots', '--snapshotter', snapshotter, ...args);
  await snapshots('prepare', 'work');
  await snapshots('commit', 'layer', 'work');
  await snapshots('prepare', 'second work', 'layer');
  assert.match(await snapshots('tree'), /layer\s+\\_ second work/);
  assert.is(volumes().length, 2);
  await snapshots('remove', 'second work');
  await snapshots('remove', 'layer');
  await expectNothingLeft();
}
