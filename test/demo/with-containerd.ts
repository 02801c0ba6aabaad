import { join } from 'node:path';
import { defaultPuller, pullFlags } from '../support/containerd/pull.ts';
import { type Containerd, snapshotterName, startContainerd } from '../support/containerd.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { stateOfRoot } from '../support/inspect-store.ts';
import { startRegistry } from '../support/registry.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { demoLayers } from './layers.ts';
import { heading, say, showSnapledger } from './say.ts';

/** Pull, run, inspect, kill -9, inspect, remove, with a real containerd, registry and runc. */
export async function demoWithContainerd(sandbox: Sandbox): Promise<void> {
  const root = sandbox.folder('store');
  const socket = join(sandbox.path, 'snapledger.sock');
  const log = join(sandbox.path, 'snapledger.log');
  const command = serverUnderTest('overlay').command(root, socket);
  const start = () => startDaemon({ command, address: socket, log, sandbox });
  const at = ['--root', root];

  heading('Starting a registry, snapledger and containerd');
  const registry = await startRegistry(sandbox);
  let daemon = await start();
  const containerd = await startContainerd(sandbox, socket, { namespace: `demo-${process.pid}` });
  say(`snapledger (process ${daemon.pid}) serves ${root}`);
  const reference = await pushImage(registry, 'demo', '1', imageOf(demoLayers().map(layerOf), { Env: ['PATH=/bin'] }));
  say(`an image of three layers is in the registry as ${reference}`);

  heading('containerd pulls the image through snapledger and runs a container on it');
  await startContainer(containerd, reference);
  say(`the container reads its image: ${await inContainer(containerd, 'one', 'cat /srv/greeting')}`);
  say(`and writes: ${await inContainer(containerd, 'two', 'echo remember me > /srv/note; cat /srv/note')}`);

  heading('The snapshots now, as a tree');
  await showSnapledger(['tree', ...at]);
  heading('How they were created: every change is an event in the log');
  await showSnapledger(['log', ...at]);

  heading('kill -9 of snapledger, and a new start');
  daemon = await killAndStart(daemon, start);
  // A collection before containerd has reconnected fails, and containerd does not retry it.
  const listing = ['snapshots', '--snapshotter', snapshotterName, 'list'];
  await waitFor('containerd to reconnect', async () => (await containerd.tryCtr(...listing)).status === 0);
  await showSnapledger(['tree', ...at]);
  await showSnapledger(['log', ...at, '--lines', '3']);
  say(`the container keeps running: ${await inContainer(containerd, 'three', 'cat /srv/note')}`);

  heading('Removing container and image: containerd collects its garbage');
  await removeAll(containerd, reference);
  // containerd deletes its records first, and calls the snapshotter in the background.
  await waitFor('the removals to be logged', async () => {
    const { index, volumes } = await stateOfRoot(root);
    return index.size === 0 && volumes.pendingPurge.size === 0;
  });
  await showSnapledger(['log', ...at, '--lines', '8']);
  heading('Checking log, projections, parents and disk');
  await showSnapledger(['verify', ...at]);
}

async function startContainer({ ctr }: Containerd, reference: string): Promise<void> {
  await ctr('images', 'pull', ...pullFlags(defaultPuller()), '--snapshotter', snapshotterName, reference);
  const flags = ['--detach', '--net-host', '--snapshotter', snapshotterName];
  await ctr('run', ...flags, reference, 'demo', 'sleep', '3600');
}

async function inContainer({ ctr }: Containerd, id: string, script: string): Promise<string> {
  return (await ctr('tasks', 'exec', '--exec-id', id, 'demo', 'sh', '-c', script)).trim();
}

async function killAndStart(daemon: Daemon, start: () => Promise<Daemon>): Promise<Daemon> {
  await daemon.kill();
  say(`process ${daemon.pid} is killed`);
  const next = await start();
  say(`process ${next.pid} serves`);
  return next;
}

async function removeAll({ ctr }: Containerd, reference: string): Promise<void> {
  await ctr('tasks', 'delete', '--force', 'demo');
  await ctr('containers', 'delete', 'demo');
  await ctr('images', 'remove', '--sync', reference);
}
