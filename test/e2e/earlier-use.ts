import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { pullFlags } from '../support/containerd/pull.ts';
import { tools } from '../support/containerd/tools.ts';
import { builtinName, snapshotterName, startContainerd } from '../support/containerd.ts';
import { startDaemon } from '../support/daemon.ts';
import { file } from '../support/image/entries.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { run } from '../support/run.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { base } from './layers.ts';

/** An image and a stopped container that containerd's own overlayfs left on a root, in a namespace of their own. */
export interface EarlierUse {
  /** the names of their snapshot directories */
  readonly volumes: readonly string[];
  /** Fails unless containerd can use both, and the container still has what it wrote. */
  check(containerd: string, snapshotter: string): Promise<void>;
}

/** E2E_ROOT=taken-over: the overlay roots of the end-to-end suites were used by containerd's own overlayfs first, and taken over. */
export const earlierUse = async (sandbox: Sandbox, root: string, registry: string): Promise<EarlierUse | undefined> =>
  process.env.E2E_ROOT === 'taken-over' ? takenOver(sandbox, root, registry) : undefined;

/** Lets a containerd, on the root and state that `startContainerd` uses in the sandbox, fill a root, and takes that over. */
async function takenOver(sandbox: Sandbox, root: string, registry: string): Promise<EarlierUse> {
  const namespace = `earlier-${process.pid}`;
  // No other image has this layer.
  const layer = layerOf([...base(), file('srv/earlier', `${namespace}\n`)]);
  const image = await pushImage(registry, 'earlier', '1', imageOf([layer], { Env: ['PATH=/bin'] }));
  const { ctr, stop } = await startContainerd(sandbox, join(sandbox.path, 'none.sock'), { namespace, overlayfs: root });
  await ctr('images', 'pull', ...pullFlags('client'), '--snapshotter', builtinName, image);
  const start = ['run', '--net-host', '--snapshotter', builtinName, image, 'writer'];
  await ctr(...start, '/bin/sh', '-c', 'echo round >> /srv/rounds');
  await stop();
  await command('takeover', sandbox, root);
  const volumes = readdirSync(join(root, 'snapshots'));
  assert.is(volumes.length, 2);
  const rounds = () =>
    volumes
      .map((name) => join(root, 'snapshots', name, 'fs/srv/rounds'))
      .filter(existsSync)
      .map((path) => readFileSync(path, 'utf8').split('\n').length - 1);
  return {
    volumes,
    check: async (containerd, snapshotter) => {
      const [before = 0] = rounds();
      const inNamespace = (...args: readonly string[]) =>
        run(tools.ctr, ['--address', containerd, '--namespace', namespace, ...args]);
      await inNamespace('tasks', 'start', 'writer');
      assert.equal([before > 0, rounds()], [true, [before + 1]]);
      const flags = ['--rm', '--net-host', '--snapshotter', snapshotter];
      await inNamespace(
        'run',
        ...flags,
        image,
        'reader',
        '/bin/sh',
        '-c',
        'test -s /srv/earlier && ! test -e /srv/rounds',
      );
      // A restarted containerd forgets which snapshotters have garbage.
      await inNamespace('leases', 'create', '--id', 'collect');
      await inNamespace('leases', 'delete', '--sync', 'collect');
    },
  };
}

/** The same after snapledger served the root, and gave it back. */
export async function givenBack(sandbox: Sandbox, root: string, registry: string): Promise<EarlierUse> {
  const earlier = await takenOver(sandbox, root, registry);
  const socket = join(sandbox.path, 'snapshotter.sock');
  const log = join(sandbox.path, 'snapshotter.log');
  const snapledger = await startDaemon({
    command: serverUnderTest('overlay').command(root, socket),
    ...{ address: socket, log, sandbox },
  });
  const containerd = await startContainerd(sandbox, socket);
  await earlier.check(containerd.address, snapshotterName);
  await containerd.stop();
  await snapledger.stop();
  await command('giveback', sandbox, root);
  return earlier;
}

async function command(name: 'takeover' | 'giveback', sandbox: Sandbox, root: string): Promise<void> {
  const containerdRoot = join(sandbox.path, 'containerd/root');
  const { status, stdout, stderr } = await snapledgerRun(name, '--root', root, '--containerd-root', containerdRoot);
  assert.is(status, 0, stdout + stderr);
}
