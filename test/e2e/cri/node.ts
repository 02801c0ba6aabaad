import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../../cli/process.ts';
import { createServing } from '../../fault/serving.ts';
import {
  containerdVersion,
  isContainerd,
  pathForContainerd,
  requireTools,
  tools,
} from '../../support/containerd/tools.ts';
import { removeTraces, snapshotterName } from '../../support/containerd.ts';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { startRegistry } from '../../support/registry.ts';
import { type Missing, requireCommand, requireFileSystem, requireRoot } from '../../support/requirements.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { killShimsOf } from '../../support/shims.ts';
import { waitFor } from '../../support/wait-for.ts';
import { earlierUse } from '../earlier-use.ts';
import { type Cri, connectCri } from './client.ts';

/** A Kubernetes node without kubelet: a registry, snapledger, and a containerd whose CRI uses it by the drop-in of `containerd-config`. */
export interface Node {
  readonly sandbox: Sandbox;
  readonly root: string;
  readonly registry: string;
  readonly cri: Cri;
  /** what `containerd-config` wrote */
  readonly dropIn: string;
  readonly containerdRoot: string;
  /** the parent of the control groups of pods */
  readonly cgroup: string;
  /** SIGKILL to snapledger and a new start on the same root */
  restartSnapledger(): Promise<void>;
  /** SIGTERM to containerd and a new start on the same state; pods keep running */
  restartContainerd(): Promise<void>;
  /** Fails if something of an earlier use of the root is lost. */
  checkEarlierUse(): Promise<void>;
}

export const needs = (): readonly Missing[] => [
  requireRoot(),
  requireFileSystem('overlay'),
  ...['docker-registry', 'busybox'].map(requireCommand),
  requireTools('containerd', 'ctr', 'runc'),
];

interface NodeOptions {
  readonly driver: string;
  readonly root: string;
  readonly settings?: string;
  readonly retention?: string;
  /** the daemon makes the link that CRI needs before containerd 1.7.16; default: true */
  readonly link?: boolean;
}

export async function startNode(sandbox: Sandbox, options: NodeOptions): Promise<Node> {
  const { driver, root, settings = '', retention = 'enabled = false', link = true } = options;
  const registry = await startRegistry(sandbox);
  const containerdRoot = sandbox.folder('containerd/root');
  const earlier = driver === 'overlay' ? await earlierUse(sandbox, root, registry) : undefined;
  const linked = link && !isContainerd(1, 7, 16) ? `[containerd]\nimage_fs_link = "${containerdRoot}"` : '';
  const serving = createServing(sandbox, { driver, root, retention, settings: `${settings}\n${linked}` });
  let snapledger = await serving.start();
  const cgroup = `snapledger-cri-${process.pid}`;
  const address = join(sandbox.path, 'containerd.sock');
  const config = join(sandbox.path, 'etc/config.toml');
  sandbox.folder('etc');
  writeFileSync(config, mainFile(sandbox, address, registry));
  const dropIn = await connect(sandbox, config);
  const command = [tools.containerd, '--config', config] as const;
  const env = { PATH: pathForContainerd(sandbox) };
  const start = () => startDaemon({ command, address, log: join(sandbox.path, 'containerd.log'), env, sandbox });
  // Registered before containerd, so done after it.
  sandbox.atEnd(() => {
    killShimsOf(address);
    return removeTraces(cgroup);
  });
  let containerd: Daemon = await start();
  const cri = connectCri(address);
  sandbox.atEnd(cri.close);
  await waitFor('CRI to be ready', () => isReady(cri));
  return {
    ...{ sandbox, root, registry, cri, dropIn, containerdRoot, cgroup: `/${cgroup}` },
    restartSnapledger: async () => {
      await snapledger.kill();
      snapledger = await serving.start();
    },
    restartContainerd: async () => {
      await containerd.stop();
      containerd = await start();
      await waitFor('CRI to be ready', () => isReady(cri));
    },
    checkEarlierUse: async () => earlier?.check(address, snapshotterName),
  };
}

/** Runs the command that an operator runs, for the containerd under test. Resolves the file that it wrote. */
async function connect(sandbox: Sandbox, main: string): Promise<string> {
  const dropIn = join(sandbox.path, 'etc/conf.d/snapledger.toml');
  const files = ['--main', main, '--output', dropIn];
  const settings = ['--config', join(sandbox.path, 'settings.toml')];
  const version = ['--containerd', containerdVersion()];
  const { status, stderr } = await snapledgerRun('containerd-config', '--cri', ...files, ...settings, ...version);
  assert.equal([status, stderr], [0, '']);
  return readFileSync(dropIn, 'utf8');
}

const isReady = async (cri: Cri) => {
  const answer = await cri.call('Status').catch(() => undefined);
  return answer?.status.conditions.some(({ type, status }) => type === 'RuntimeReady' && status) === true;
};

/**
 * What a node's main file has of its own: paths, the sandbox's image, runc's state, short intervals. Without the capability
 * SYS_RESOURCE the sandbox's process can't be protected from the OOM killer, and does not start unless that is restricted.
 * containerd waits between two collections for fifty times the duration of one, which is long on a busy machine; here it collects
 * after each removal.
 */
function mainFile(sandbox: Sandbox, address: string, registry: string): string {
  const sandboxImage = `${registry}/pause:1`;
  const stats_collect_period = 1;
  const runc = { runtime_type: 'io.containerd.runc.v2', options: { Root: sandbox.folder('runc') } };
  const runtime = {
    restrict_oom_score_adj: true,
    cni: { conf_dir: sandbox.folder('cni') },
    containerd: { runtimes: { runc } },
  };
  const cri = isContainerd(2)
    ? {
        'io.containerd.cri.v1.images': { stats_collect_period, pinned_images: { sandbox: sandboxImage } },
        'io.containerd.cri.v1.runtime': runtime,
        'io.containerd.nri.v1.nri': { disable: true },
      }
    : { 'io.containerd.grpc.v1.cri': { ...runtime, stats_collect_period, sandbox_image: sandboxImage } };
  return stringify({
    version: isContainerd(2) ? 3 : 2,
    root: sandbox.folder('containerd/root'),
    state: sandbox.folder('state'),
    grpc: { address },
    ttrpc: { address: `${address}.ttrpc` },
    plugins: {
      ...cri,
      'io.containerd.internal.v1.opt': { path: sandbox.folder('opt') },
      'io.containerd.gc.v1.scheduler': { deletion_threshold: 1, startup_delay: '1s', schedule_delay: '10ms' },
    },
  });
}
