import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { cliDeps } from '../../src/compose/cli-deps.ts';
import { containerdVersion, isContainerd, requireTools } from '../support/containerd/tools.ts';
import { expectedTree } from '../support/image/expected-tree.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { createEnvironment, type Environment, needs } from './environment.ts';
import { afterthoughts, base, changes, filler } from './layers.ts';

const layers = [base(), changes(), afterthoughts(), ...Array.from({ length: 5 }, (_, number) => filler(number))];

function requireParallelUnpack() {
  const missing = requireTools('containerd');
  if (missing !== undefined || isContainerd(2, 2)) return missing;
  return `containerd ${containerdVersion()} unpacks one layer after the other: 2.2 or later is needed`;
}

const volumes = requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs');
const loop = volumes === undefined ? createLoop('btrfs', { megabytes: 1024 }) : undefined;
process.on('exit', () => loop?.end());

const test = suiteNeeding('several layers unpacked at the same time', ...needs(), requireParallelUnpack(), volumes);

const sandboxes: Sandbox[] = [];

/** How many layers got their parent at their commit. */
async function rebasedIn(root: string): Promise<number> {
  const log = await cliDeps.storeFiles(root).openLog();
  const parentless = new Set<number>();
  let rebased = 0;
  for await (const envelopes of log.read(0))
    for (const { event } of envelopes) {
      if (event.type === 'SnapshotPrepared' && event.data.parentId === null) parentless.add(event.data.id);
      if (event.type === 'SnapshotCommitted' && event.data.parentId !== null && parentless.has(event.data.id))
        rebased += 1;
    }
  await log.close();
  return rebased;
}

for (const driver of ['overlay', 'btrfs']) {
  let environment: Environment;
  let root: string;
  let reference: string;

  test(`${driver}: the image is the sum of its layers`, () =>
    logAndRethrow(async () => {
      const sandbox = createSandbox('parallel');
      sandboxes.push(sandbox);
      root = driver === 'btrfs' ? `${loop?.path}/store` : join(sandbox.path, 'store');
      const settings = { capabilities: ['rebase'], concurrentUnpacks: 4 };
      environment = await createEnvironment(sandbox, root, serverUnderTest(driver), settings);
      reference = await pushImage(
        environment.registry,
        'parallel',
        '1',
        imageOf(layers.map(layerOf), { Env: ['PATH=/bin'] }),
      );
      await environment.pull(reference);
      assert.is(await rebasedIn(root), layers.length - 1);
      await environment.expectTree(reference, expectedTree(layers));
      await environment.expectNothingLeft();
      await environment.expectVerified();
    }));

  for (const count of [3, 6, 8])
    test(`${driver}: a pull succeeds after a kill -9 of the snapshotter with ${count} volumes on disk`, async () => {
      await interrupted(environment, reference, count, () => environment.killSnapshotter());
      await environment.startSnapshotter();
      await again(environment, reference);
    });

  test(`${driver}: a pull succeeds after a kill -9 of containerd`, async () => {
    await interrupted(environment, reference, 6, () => environment.containerd.kill());
    await environment.containerd.restart();
    await again(environment, reference);
  });
}

test.after(async () => {
  for (const sandbox of sandboxes) await sandbox.close();
});

/** Kills what the pull needs when it has so many volumes, and waits until it has failed. */
async function interrupted(environment: Environment, reference: string, count: number, kill: () => Promise<void>) {
  let over = false;
  const pull = environment
    .pull(reference)
    .catch(() => {})
    .finally(() => {
      over = true;
    });
  await waitFor(`${count} volumes`, () => over || environment.volumes().length >= count, { pause: 1 });
  await kill();
  await pull;
}

async function again(environment: Environment, reference: string): Promise<void> {
  await environment.pull(reference);
  await environment.expectTree(reference, expectedTree(layers));
  // The lease of a pull that was killed protects its layers for a day.
  const { ctr } = environment.containerd;
  for (const id of (await ctr('leases', 'list', '--quiet')).split(/\s+/).filter((word) => word !== ''))
    await ctr('leases', 'delete', id);
  await environment.expectNothingLeft();
  await environment.expectVerified();
}

test.run();
