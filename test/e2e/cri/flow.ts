import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../../cli/process.ts';
import { eventsOf, stateOfRoot } from '../../support/inspect-store.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import type { LoopType } from '../../support/loop.ts';
import { createLoop } from '../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { pushApp, pushPause } from './images.ts';
import { type Node, needs, startNode } from './node.ts';
import { collectImages, exec, imageFileSystem, type Pod, runPod, startContainer, stateOf } from './pods.ts';

const MiB = 1 << 20;
const appBytes = 6 * MiB;

interface State {
  node: Node;
  pause: string;
  app: string;
  pod: Pod;
  container: string;
}

interface FlowOptions {
  readonly driver: 'overlay' | 'btrfs';
  readonly fileSystem: LoopType;
  readonly megabytes: number;
}

/** What kubelet does with images, pods and containers, against the CRI of a real containerd with retention on. */
export function criFlow({ driver, fileSystem, megabytes }: FlowOptions) {
  const missing = [...needs(), requireFileSystem(fileSystem), requireCommand(`mkfs.${fileSystem}`)];
  const test = suiteNeeding(`CRI on ${driver}`, ...missing);
  let sandbox: Sandbox;
  const state = {} as State;

  test.before(() =>
    logAndRethrow(async () => {
      sandbox = createSandbox('cri');
      const loop = createLoop(fileSystem, { megabytes });
      sandbox.atEnd(loop.end);
      const retention = 'min_free = "20%"';
      state.node = await startNode(sandbox, { driver, root: join(loop.path, 'root'), retention });
      state.pause = await pushPause(state.node.registry);
      state.app = await pushApp(state.node.registry, 'app', appBytes);
    }),
  );
  test.after(() => sandbox.close());

  /** containerd overlooks what is removed while a collection waits for the snapshotter, until the next one: after a pull, for one. */
  const expectCollected = (snapshots: number) =>
    waitFor(`${snapshots} snapshots`, async () => {
      await state.node.cri.call('PullImage', { image: { image: state.pause } });
      return (await snapshotsOfCri(state.node)) === snapshots;
    });

  test('pull: unpacks an image into snapledger', async () => {
    const { node, app } = state;
    await node.cri.call('PullImage', { image: { image: app } });
    const { images } = await node.cri.call('ListImages');
    assert.equal(
      images.flatMap(({ repoTags }) => repoTags),
      [app],
    );
    assert.is(await snapshotsOfCri(node), 2);
  });

  test('image file system: is the root, and holds what was unpacked', async () => {
    const { node } = state;
    assert.is(realpathSync((await imageFileSystem(node)).mountpoint), node.root);
    await waitFor('the usage', async () => (await imageFileSystem(node)).used > appBytes);
  });

  test('pod: runs, and a container in it reads its image and writes', async () => {
    const { node, app } = state;
    state.pod = await runPod(node, 'pod');
    state.container = await startContainer(node, state.pod, app);
    const written = 'cat /srv/name; stat -c %u:%g:%a /srv/owned/file; echo written > /srv/name; cat /srv/name';
    assert.is(await exec(node, state.container, written), 'app\n1000:2000:600\nwritten\n');
  });

  test('stats: report the bytes that a container wrote', async () => {
    const { node, container: containerId } = state;
    const layer = async () => (await node.cri.call('ContainerStats', { containerId })).stats.writableLayer;
    await exec(node, containerId, `dd if=/dev/zero of=/srv/more bs=${MiB} count=3 && cat /srv/more > /dev/null`);
    await waitFor('3 MiB', async () => ((await layer())?.usedBytes?.value ?? 0) >= 3 * MiB);
    assert.ok(((await layer())?.inodesUsed?.value ?? 0) > 1);
  });

  test('restart of snapledger: a running pod works before and after it, and starts a further container', async () => {
    const { node, container, pod, app } = state;
    await node.restartSnapledger();
    assert.is(await exec(node, container, 'cat /srv/name; touch /srv/after-restart'), 'written\n');
    let second = '';
    // containerd reconnects after a while.
    await waitFor('a further container', async () => {
      second = await startContainer(node, pod, app).catch(() => '');
      return second !== '';
    });
    assert.is(await exec(node, second, 'cat /srv/name'), 'app\n');
    await node.cri.call('RemoveContainer', { containerId: second });
  });

  test('restart of containerd: a running pod keeps its process and what it wrote', async () => {
    const { node, container } = state;
    const started = await exec(node, container, 'stat -c %Y /proc/1');
    await node.restartContainerd();
    assert.is(await stateOf(node, container), 'CONTAINER_RUNNING');
    assert.is(await exec(node, container, 'stat -c %Y /proc/1'), started);
    assert.is(await exec(node, container, 'cat /srv/name; test -e /srv/after-restart'), 'written\n');
  });

  test('stop and removal: end the container with its own status, and leave only its image', async () => {
    const { node, container: containerId, pod } = state;
    await node.cri.call('StopContainer', { containerId, timeout: 10 });
    const { status } = await node.cri.call('ContainerStatus', { containerId });
    assert.equal([status.state, status.exitCode], ['CONTAINER_EXITED', 0]);
    await node.cri.call('RemoveContainer', { containerId });
    await node.cri.call('StopPodSandbox', { podSandboxId: pod.id });
    await node.cri.call('RemovePodSandbox', { podSandboxId: pod.id });
    await expectCollected(2);
  });

  test('image removal: is no longer counted while its layers are retained, and the next pull adopts them', async () => {
    const { node, app } = state;
    const before = await imageFileSystem(node);
    await node.cri.call('RemoveImage', { image: { image: app } });
    // The sandbox's image has the app's first layer.
    await expectCollected(1);
    await waitFor('the usage to fall', async () => (await imageFileSystem(node)).used < before.used - appBytes / 2);
    const after = await imageFileSystem(node);
    assert.ok(after.available < before.available + appBytes / 2, 'the layer is still on disk');
    await node.cri.call('PullImage', { image: { image: app } });
    const events = await eventsOf(node.root);
    assert.is(events.filter((type) => type === 'SnapshotRestored').length, 1);
  });

  if (driver === 'overlay')
    test('image collection: frees what kubelet wants, and no image more, although removed layers are retained', async () => {
      const { node, pause, app } = state;
      const pod = await runPod(node, 'busy');
      const container = await startContainer(node, pod, app);
      const used = async () => {
        const { capacity, available } = await imageFileSystem(node);
        return 1 - available / capacity;
      };
      for (let count = 1; (await used()) < 0.86; count++)
        await node.cri.call('PullImage', {
          image: { image: await pushApp(node.registry, `filler-${count}`, appBytes) },
        });
      const removed = await collectImages(node, [pause, app]);
      assert.ok(removed.length > 0);
      await waitFor('the space', async () => (await used()) <= 0.8);
      assert.equal(await collectImages(node, [pause, app]), []);
      const { images } = await node.cri.call('ListImages');
      assert.ok(images.some(({ repoTags }) => repoTags[0]?.includes('filler')));
      assert.is(await exec(node, container, 'cat /srv/name'), 'app\n');
    });

  test('verify: finds nothing', async () => {
    const { status, stdout } = await snapledgerRun('verify', '--root', state.node.root);
    assert.is(status, 0, stdout);
    await state.node.checkEarlierUse();
  });

  test.run();
}

const snapshotsOfCri = async ({ root }: Node): Promise<number> =>
  [...(await stateOfRoot(root)).index.values()].filter(({ key }) => key.startsWith('k8s.io/')).length;
