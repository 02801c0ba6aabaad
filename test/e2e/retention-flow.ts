import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { buildPuller, requireContainerdSources } from '../support/build-go.ts';
import { requirePuller } from '../support/containerd/pull.ts';
import { snapshotterName } from '../support/containerd.ts';
import { type CountingProxy, startCountingProxy } from '../support/counting-proxy.ts';
import { expectedTree } from '../support/image/expected-tree.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { type Missing, suiteNeeding, testUnless } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile, serverUnderTest } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { createEnvironment, type Environment, needs } from './environment.ts';
import { base, filler } from './layers.ts';

/** Twelve, a typical number. */
const layers = [base(), ...Array.from({ length: 11 }, (_, n) => filler(n))];

interface State {
  readonly environment: Environment;
  readonly proxy: CountingProxy;
  readonly root: string;
  readonly reference: string;
  readonly layerBytes: number;
  /** Pulls as Docker and CRI of containerd 1.x do, or by the transfer service; returns the layer bytes fetched. */
  pull(puller?: 'transfer service', namespace?: string): Promise<{ readonly requests: number; readonly bytes: number }>;
}

async function createState(sandbox: Sandbox, driver: string, root: string): Promise<State> {
  const settings = join(sandbox.path, 'retention.toml');
  const address = join(sandbox.path, 'containerd.sock');
  writeFileSync(settings, `[retention]\nmin_free = "0%"\n[containerd]\nevents = true\naddress = "${address}"\n`);
  const environment = await createEnvironment(sandbox, root, serverUnderTest(driver, ['--config', settings]));
  const proxy = await startCountingProxy(sandbox, environment.registry);
  const puller = await buildPuller();
  const packed = layers.map(layerOf);
  const image = imageOf(packed, { Env: ['PATH=/bin'] });
  await pushImage(environment.registry, 'retained', 'latest', image);
  const reference = `${proxy.host}/retained:latest`;
  return {
    ...{ environment, proxy, root, reference },
    layerBytes: packed.reduce((sum, { bytes }) => sum + bytes.length, 0),
    pull: async (service, namespace = environment.containerd.namespace) => {
      proxy.reset();
      if (service === undefined) await run(puller, [address, namespace, snapshotterName, reference]);
      else await environment.pull(reference, service);
      const counts = packed.map(({ digest }) => proxy.fetched(digest));
      return {
        requests: counts.reduce((sum, { requests }) => sum + requests, 0),
        bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
      };
    },
  };
}

const nothing = { requests: 0, bytes: 0 };

/** Deletes an image and pulls it again, with a real containerd and a counting registry. */
export function retentionFlow(driver: string, rootOf: (sandbox: Sandbox) => string, needed?: Missing): void {
  const test = suiteNeeding(`retention on ${driver}`, ...needs(), requireContainerdSources(), needed);
  let sandbox: Sandbox;
  let state: State;
  const expectComplete = () => state.environment.expectTree(state.reference, expectedTree(layers));

  test.before(() =>
    logAndRethrow(async () => {
      sandbox = createSandbox('e2e-retention');
      state = await createState(sandbox, driver, rootOf(sandbox));
    }),
  );
  test.after(() => sandbox.close());

  test('fetches every layer at the first pull', async () => {
    assert.equal(await state.pull(), { requests: layers.length, bytes: state.layerBytes });
    await expectComplete();
  });

  test('garbage collection of a deleted image ends with an empty list, and its layers stay on disk', async () => {
    await state.environment.removeAll();
    assert.is(state.environment.volumes().length, layers.length);
    await state.environment.expectVerified();
  });

  test('records which deletion caused the removal', async () => {
    const [top = ''] = await retainedIds(state);
    const { stdout } = await snapledger(state, 'why', top);
    assert.match(stdout, /: retained\n/);
    const { namespace } = state.environment.containerd;
    const cause = `removed by containerd's collection, \\d+\\.\\d s after image \\S+ was deleted in namespace ${namespace},`;
    assert.match(stdout, new RegExp(cause));
  });

  test('fetches and unpacks nothing when the image is pulled again, and it is complete and runs', async () => {
    assert.equal(await state.pull(), nothing);
    assert.is(state.environment.volumes().length, layers.length);
    await expectComplete();
    const { containerd } = state.environment;
    const start = ['run', '--rm', '--net-host', '--snapshotter', snapshotterName, state.reference, 'again'];
    await containerd.ctr(...start, '/bin/sh', '-c', 'set -e; test -e /data-10/large && touch /srv/x');
  });

  testUnless(
    test,
    requirePuller('transfer service'),
    'pull by the transfer service: fetches no retained layer',
    async () => {
      await state.environment.removeAll();
      assert.equal(await state.pull('transfer service'), nothing);
      assert.is(state.environment.volumes().length, layers.length);
      await expectComplete();
    },
  );

  test('fetches nothing after a kill of the snapshotter either', async () => {
    await state.environment.removeAll();
    await state.environment.killSnapshotter();
    await state.environment.startSnapshotter();
    assert.equal(await state.pull(), nothing);
    await expectComplete();
    await state.environment.expectVerified();
  });

  test('adopts layers that a client unpacked without the label', async () => {
    await state.environment.removeAll();
    await deleteVolumes(state, await retainedIds(state));
    assert.equal(await retainedIds(state), []);
    await state.environment.pull(state.reference);
    await state.environment.removeAll();
    assert.equal(await state.pull(), nothing);
    await expectComplete();
  });

  test('fetches again only what was not retained', async () => {
    await state.environment.removeAll();
    const [top = '', ...others] = await retainedIds(state);
    assert.is(others.length, layers.length - 1);
    await deleteVolumes(state, [top]);
    assert.is((await state.pull()).requests, 1);
    await expectComplete();
  });

  test('fetches again a layer that was emptied by hand, and says why', async () => {
    await state.environment.removeAll();
    const [top = ''] = await retainedIds(state);
    await waitFor('its measurement', async () => {
      const { stdout } = await snapledger(state, 'log', '--json', '--type', 'UsageMeasured');
      return stdout.includes(`"id":"${top}"`);
    });
    await emptied(join(state.root, 'snapshots', top));
    assert.is((await state.pull()).requests, 1);
    await expectComplete();
    const { stdout } = await snapledger(state, 'log', '--json', '--type', 'RetentionEnded');
    assert.match(stdout, /its volume was changed after its commit: it holds 1 of the \d+ inodes measured/);
  });

  test('gives a manually restored layer to the next pull, or back to retention', async () => {
    await state.environment.removeAll();
    const [top = ''] = await retainedIds(state);
    const { stdout } = await snapledger(state, 'restore', top);
    assert.is(stdout.trim().split('\n').length, layers.length);
    assert.equal(await state.pull(), nothing);
    await expectComplete();
    await state.environment.removeAll();
    await snapledger(state, 'restore', top);
    // containerd collects the garbage of a snapshotter only after a removal in it.
    const { ctr } = state.environment.containerd;
    for (const verb of ['prepare', 'remove']) await ctr('snapshots', '--snapshotter', snapshotterName, verb, 'work');
    await state.environment.removeAll();
    assert.is((await retainedIds(state)).length, layers.length);
    await state.environment.expectVerified();
  });

  test('fetches every layer again for Docker, which saves an image without the layers that it has not', async () => {
    await state.environment.removeAll();
    const { ctr } = state.environment.containerd;
    const images = (...args: readonly string[]) => ctr('--namespace', 'moby', 'images', ...args);
    for (const round of ['first pull', 'second pull']) {
      const fetched = await state.pull(undefined, 'moby');
      assert.equal(fetched, { requests: layers.length, bytes: state.layerBytes }, round);
      await images('export', join(sandbox.path, 'saved.tar'), state.reference);
      await images('remove', '--sync', state.reference);
    }
    await state.environment.expectVerified();
  });

  test.run();
}

const snapledger = ({ root }: State, command: string, ...args: readonly string[]) =>
  run(process.execPath, [daemonFile, command, '--root', root, ...args]);

/** The ids of retained layers, the next to be evicted first. */
async function retainedIds(state: State): Promise<readonly string[]> {
  const { stdout } = await snapledger(state, 'restore', '--json');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line): string => JSON.parse(line).id);
}

/** Deletes volumes behind the snapshotter's back; its next start evicts them. */
async function deleteVolumes({ environment, root }: State, ids: readonly string[]): Promise<void> {
  await environment.killSnapshotter();
  for (const id of ids) {
    const volume = join(root, 'snapshots', id);
    if (existsSync(join(volume, 'layer'))) await run('btrfs', ['subvolume', 'delete', join(volume, 'layer')]);
    await run('rm', ['-r', volume]);
  }
  await environment.startSnapshotter();
}

/** Empties a committed layer behind the snapshotter's back while it serves. */
async function emptied(volume: string): Promise<void> {
  const frozen = join(volume, 'layer');
  const btrfs = existsSync(frozen);
  const layer = btrfs ? frozen : join(volume, 'fs');
  const readOnly = (value: string) => run('btrfs', ['property', 'set', '-f', '-t', 'subvol', layer, 'ro', value]);
  if (btrfs) await readOnly('false');
  await run('find', [layer, '-mindepth', '1', '-delete']);
  if (btrfs) await readOnly('true');
}
