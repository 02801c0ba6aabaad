import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disabledPlugins, transferService } from '../support/containerd/configuration.ts';
import { isContainerd, pathForContainerd, tools } from '../support/containerd/tools.ts';
import { startDaemon } from '../support/daemon.ts';
import { directory, file } from '../support/image/entries.ts';
import { type Image, imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { startRegistry } from '../support/registry.ts';
import { run } from '../support/run.ts';
import { type Ours, startCompetitors } from './competitors.ts';
import type { Bench } from './workload.ts';

/** One containerd with all snapshotters that are measured. */
export interface Node {
  readonly ours: readonly Ours[];
  /** all, as containerd calls them */
  readonly snapshotters: readonly string[];
  /** `syncfs` on the file system of containerd's root */
  flush(): Promise<unknown>;
  /** Runs `ctr` in the benchmark's namespace. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Makes an image to be pulled, and gives its reference. */
  push(name: string, image: Image): Promise<string>;
}

/** `concurrentUnpacks`: layers that containerd 2.2 or later unpacks at the same time. */
export async function startNode(bench: Bench, concurrentUnpacks = 1): Promise<Node> {
  const { sandbox } = bench;
  const registry = await startRegistry(sandbox);
  const ours = await startCompetitors(bench);
  const competitors = ours.flatMap(({ rivals, ...mine }) => [mine, ...rivals]);
  const plugins = competitors.flatMap(({ snapshotter, daemon }) => {
    if (daemon === undefined) return [];
    const plugin = `[proxy_plugins.${snapshotter}]\ntype = "snapshot"\naddress = "${daemon.socket}"`;
    return isContainerd(2) ? [plugin, 'capabilities = ["rebase"]'] : [plugin];
  });
  const address = join(sandbox.path, 'containerd.sock');
  const config = join(sandbox.path, 'containerd.toml');
  const snapshotters = [...new Set(competitors.map(({ snapshotter }) => snapshotter))];
  if (isContainerd(2)) plugins.push(transferService(snapshotters, concurrentUnpacks));
  writeFileSync(config, configuration(bench, address, plugins));
  const log = join(sandbox.path, 'containerd.log');
  const env = { PATH: pathForContainerd(sandbox) };
  await startDaemon({ command: [tools.containerd, '--config', config], address, log, env, sandbox });
  return {
    ours,
    snapshotters,
    flush: () => run('sync', ['--file-system', sandbox.folder('containerd/root')]),
    ctr: async (...args) => (await run(tools.ctr, ['--address', address, '--namespace', 'bench', ...args])).stdout,
    push: (name, image) => pushImage(registry, name, 'latest', image),
  };
}

const configuration = ({ sandbox }: Bench, address: string, plugins: readonly string[]): string =>
  [
    `version = ${isContainerd(2) ? 3 : 2}`,
    `root = "${sandbox.folder('containerd/root')}"`,
    `state = "${sandbox.folder('containerd/state')}"`,
    `disabled_plugins = ${JSON.stringify(disabledPlugins())}`,
    `[grpc]\naddress = "${address}"`,
    `[ttrpc]\naddress = "${address}.ttrpc"`,
    ...plugins,
  ].join('\n');

/** Layers of a hundred small files and three large ones each, of bytes that don't compress. */
export function imageOfLayers(layers: number, megabytes: number): Image {
  const bytes = (megabytes * 1024 * 1024) / layers;
  const files = (prefix: string, count: number, size: number) =>
    Array.from({ length: count }, (_, i) => file(`${prefix}-${i}`, randomBytes(Math.floor(size))));
  return imageOf(
    Array.from({ length: layers }, (_, layer) =>
      layerOf([...files(`small-${layer}`, 100, bytes / 400), ...files(`large-${layer}`, 3, bytes / 4)]),
    ),
    {},
  );
}

/** An image whose container has something to run. */
export function imageWithShell(): Image {
  const program = file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 });
  const folders = ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map((path) => directory(path));
  return imageOf([layerOf([...folders, program])], { Cmd: ['/bin/busybox', 'true'] });
}
