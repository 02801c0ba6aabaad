import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { defaultPuller, type Puller, pullFlags } from '../support/containerd/pull.ts';
import { requireTools } from '../support/containerd/tools.ts';
import { builtinName, type Containerd, snapshotterName, startContainerd } from '../support/containerd.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { differences } from '../support/image/compare-trees.ts';
import type { Tree } from '../support/image/expected-tree.ts';
import { foundTree } from '../support/image/found-tree.ts';
import { startRegistry } from '../support/registry.ts';
import { type Missing, requireCommand, requireFileSystem, requireRoot } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Server } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { type EarlierUse, earlierUse, givenBack } from './earlier-use.ts';

/** A registry, a containerd and the snapshotter under test, all in one sandbox. */
export interface Environment {
  readonly sandbox: Sandbox;
  readonly registry: string;
  readonly containerd: Containerd;
  /** its name in containerd's configuration */
  readonly snapshotter: string;
  /** Pulls and unpacks an image; by default as `ctr` does by itself. */
  pull(reference: string, puller?: Puller): Promise<void>;
  /** Fails unless a read-only mount of the image shows exactly this tree. */
  expectTree(reference: string, tree: Tree): Promise<void>;
  /** The names of the snapshot directories on disk, without those of an earlier use. */
  volumes(): readonly string[];
  /** Removes all images and containers, and runs containerd's garbage collection until its list is empty. */
  removeAll(): Promise<void>;
  /** Removes all images and containers and fails unless the garbage collection leaves nothing, here and on disk. */
  expectNothingLeft(): Promise<void>;
  /** SIGKILL to the snapshotter. */
  killSnapshotter(): Promise<void>;
  /** Restarts the snapshotter on its root; resolves when containerd has connected to it. */
  startSnapshotter(): Promise<void>;
  /** Fails if the server's own check, if it has one, finds anything, or if something of an earlier use is lost. */
  expectVerified(): Promise<void>;
}

/** The missing requirements for a real containerd. */
export const needs = (): readonly Missing[] => [
  requireRoot(),
  requireFileSystem('overlay'),
  ...['docker-registry', 'busybox', 'getfattr'].map(requireCommand),
  requireTools('containerd', 'ctr', 'runc'),
];

export async function createEnvironment(
  sandbox: Sandbox,
  root: string,
  server: Server,
  settings: Parameters<typeof startContainerd>[2] = {},
): Promise<Environment> {
  const socket = join(sandbox.path, 'snapshotter.sock');
  const log = join(sandbox.path, 'snapshotter.log');
  const start = () => startDaemon({ command: server.command(root, socket), address: socket, log, sandbox });
  const registry = await startRegistry(sandbox);
  const earlier = server.driver === 'overlay' ? await earlierUse(sandbox, root, registry) : undefined;
  let snapshotter: Daemon = await start();
  const containerd = await startContainerd(sandbox, socket, settings);
  return {
    ...environmentOf({ sandbox, registry, containerd, snapshotter: snapshotterName, root, earlier }),
    killSnapshotter: () => snapshotter.kill(),
    startSnapshotter: async () => {
      snapshotter = await start();
      await waitFor('containerd to find the snapshotter again', () => reaches(containerd));
    },
    expectVerified: async () => {
      await earlier?.check(containerd.address, snapshotterName);
      if (server.verify === undefined) return;
      const [command, ...args] = server.verify(root);
      await run(command, args);
    },
  };
}

/** containerd with its own overlayfs, on a root that snapledger took over, served and gave back. */
export async function createBuiltinEnvironment(sandbox: Sandbox): Promise<Environment> {
  const root = sandbox.folder('store');
  const registry = await startRegistry(sandbox);
  const earlier = await givenBack(sandbox, root, registry);
  const containerd = await startContainerd(sandbox, join(sandbox.path, 'none.sock'), { overlayfs: root });
  const absent = () => Promise.reject(new Error('containerd itself is the snapshotter'));
  return {
    ...environmentOf({ sandbox, registry, containerd, snapshotter: builtinName, root, earlier }),
    ...{ killSnapshotter: absent, startSnapshotter: absent },
    expectVerified: () => earlier.check(containerd.address, builtinName),
  };
}

interface Parts extends Pick<Environment, 'sandbox' | 'registry' | 'containerd' | 'snapshotter'> {
  readonly root: string;
  readonly earlier: EarlierUse | undefined;
}

function environmentOf({ root, earlier, ...parts }: Parts) {
  const { sandbox, containerd, snapshotter } = parts;
  const { ctr } = containerd;
  const snapshots = (...args: readonly string[]) => ctr('snapshots', '--snapshotter', snapshotter, ...args);
  const list = () => snapshots('list');
  const volumes = () => readdirSync(join(root, 'snapshots')).filter((name) => !earlier?.volumes.includes(name));
  const removeAll = async () => {
    for (const id of words(await ctr('containers', 'list', '--quiet'))) await ctr('containers', 'delete', id);
    for (const name of words(await ctr('images', 'list', '--quiet'))) await ctr('images', 'remove', '--sync', name);
    await collectGarbage(containerd);
    let rows = [''];
    await waitFor(
      () => `an empty list: ${rows.join('\n')}`,
      async () => {
        rows = (await list()).trim().split('\n').slice(1);
        return rows.length === 0;
      },
    );
  };
  return {
    ...parts,
    volumes,
    pull: async (reference: string, puller: Puller = defaultPuller()) => {
      await ctr('images', 'pull', ...pullFlags(puller), '--snapshotter', snapshotter, reference);
    },
    expectTree: async (reference: string, tree: Tree) => {
      const target = sandbox.folder('mounted');
      await mountImage(parts, reference, target);
      const found = await foundTree(target);
      await run('umount', [target]);
      await snapshots('remove', target);
      assert.equal(differences(tree, found), []);
    },
    removeAll,
    expectNothingLeft: async () => {
      await removeAll();
      await waitFor(
        () => `no volumes: ${volumes()}`,
        () => volumes().length === 0,
      );
    },
  };
}

/**
 * Mounts an image read-only as the snapshotter under test shows it. `ctr images mount` is no help: it passes over the
 * option that names the snapshotter, and takes containerd's own.
 */
async function mountImage(
  { containerd, snapshotter }: Pick<Parts, 'containerd' | 'snapshotter'>,
  reference: string,
  target: string,
): Promise<void> {
  const { ctr } = containerd;
  const snapshots = ['snapshots', '--snapshotter', snapshotter];
  const [, manifest = ''] = /\s(sha256:\w+)\s/.exec(await ctr('images', 'list', `name==${reference}`)) ?? [];
  const { config } = JSON.parse(await ctr('content', 'get', manifest));
  const row = (await ctr('content', 'list')).split('\n').find((line) => line.startsWith(config.digest));
  const [, chain = ''] = new RegExp(`gc.ref.snapshot.${snapshotter}=(sha256:\\w+)`).exec(row ?? '') ?? [];
  await viewed(containerd, snapshots, target, chain);
  await run('sh', ['-c', await ctr(...snapshots, 'mounts', target, target)]);
}

/** A view may be removed by garbage collection before it gets its label; it is then created again. */
async function viewed({ ctr, tryCtr }: Containerd, snapshots: readonly string[], key: string, parent: string) {
  await waitFor(`a view ${key} that lasts`, async () => {
    await ctr(...snapshots, 'view', key, parent);
    return (await tryCtr(...snapshots, 'label', key, 'containerd.io/gc.root=test')).status === 0;
  });
}

/** containerd collects garbage some time after the last removal, or not at all; deleting a lease with --sync does it now. */
async function collectGarbage({ ctr }: Containerd): Promise<void> {
  await ctr('leases', 'create', '--id', 'collect');
  await ctr('leases', 'delete', '--sync', 'collect');
}

/** Whether a call reaches the snapshotter; containerd answers most calls from its own store. */
async function reaches({ tryCtr }: Containerd): Promise<boolean> {
  const probe = `probe-${performance.now()}`;
  const snapshots = (verb: string) => tryCtr('snapshots', '--snapshotter', snapshotterName, verb, probe);
  const { status } = await snapshots('prepare');
  await snapshots('remove');
  return status === 0;
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
