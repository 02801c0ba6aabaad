import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disabledPlugins, transferService } from '../../support/containerd/configuration.ts';
import { isContainerd, pathForContainerd, tools } from '../../support/containerd/tools.ts';
import { startDaemon } from '../../support/daemon.ts';
import type { Image } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';
import { startRegistry } from '../../support/registry.ts';
import { run } from '../../support/run.ts';
import { killShimsOf } from '../../support/shims.ts';
import { type FileSystem, placeOn } from '../servers/servers.ts';
import type { Bench } from '../workload.ts';
import { type Competitor, type Ours, type Rivals, startOurSnapshotters } from './competitors.ts';

/** One containerd with all snapshotters that are measured. */
export interface Node {
  readonly ours: readonly Ours[];
  /** all, as containerd calls them */
  readonly snapshotters: readonly string[];
  /** Runs `ctr` in the benchmark's namespace. */
  ctr(...args: readonly string[]): Promise<string>;
  /** Makes an image to be pulled, and gives its reference. */
  push(name: string, image: Image): Promise<string>;
  /** Unpacks an image that has been fetched. Resolves with the milliseconds. */
  unpack(competitor: Competitor, reference: string): Promise<number>;
}

const namespace = 'bench';

interface NodeOptions extends Rivals {
  /** layers that containerd 2.2 or later unpacks at the same time; default: 1 */
  readonly concurrentUnpacks?: number;
  /** what containerd's root and ours lie on; default: the file system of the temporary directory */
  readonly on?: FileSystem;
}

/** Room for what retention keeps of 15 rounds. */
const megabytes = 12_000;

export async function startNode(
  bench: Bench,
  { concurrentUnpacks = 1, on = 'root', ...rivals }: NodeOptions = {},
): Promise<Node> {
  const { sandbox } = bench;
  const registry = await startRegistry(sandbox);
  const place = placeOn(bench, on, megabytes);
  const folder = (name: string) => join(place, name);
  const ours = await startOurSnapshotters(bench, { folder, ...rivals });
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
  const root = folder('containerd');
  writeFileSync(config, configuration({ root, state: sandbox.folder('state'), address, plugins }));
  const log = join(sandbox.path, 'containerd.log');
  const env = { PATH: pathForContainerd(sandbox) };
  sandbox.atEnd(() => killShimsOf(address));
  await startDaemon({ command: [tools.containerd, '--config', config], address, log, env, sandbox });
  return {
    ours,
    snapshotters,
    ctr: async (...args) => (await run(tools.ctr, ['--address', address, '--namespace', namespace, ...args])).stdout,
    push: (name, image) => pushImage(registry, name, 'latest', image),
    unpack: async ({ snapshotter, flushing: flushes = false }, reference) => {
      const flushed = flushes ? [root] : [];
      const { stdout } = await run(bench.tools.unpacker, [address, namespace, snapshotter, reference, ...flushed]);
      return Number(stdout);
    },
  };
}

interface Configuration {
  readonly root: string;
  readonly state: string;
  readonly address: string;
  /** in TOML */
  readonly plugins: readonly string[];
}

const configuration = ({ root, state, address, plugins }: Configuration): string =>
  [
    `version = ${isContainerd(2) ? 3 : 2}`,
    `root = "${root}"`,
    `state = "${state}"`,
    `disabled_plugins = ${JSON.stringify(disabledPlugins())}`,
    `[grpc]\naddress = "${address}"`,
    `[ttrpc]\naddress = "${address}.ttrpc"`,
    ...plugins,
  ].join('\n');
