import { readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from './daemon.ts';
import { type Finished, run } from './run.ts';
import type { Sandbox } from './sandbox.ts';

/** A containerd of the test's own: root, state and socket in the sandbox, one namespace, one proxy snapshotter. */
export interface Containerd {
  readonly namespace: string;
  /** Runs `ctr` in the namespace; rejects on a status other than 0. */
  ctr(...args: readonly string[]): Promise<string>;
  /** The same, for output that is no text. */
  ctrBytes(...args: readonly string[]): Promise<Buffer>;
  /** Runs `ctr` and resolves whatever its status is. */
  tryCtr(...args: readonly string[]): Promise<Finished>;
  /** Stops containerd and starts it again on the same state. */
  restart(): Promise<void>;
}

export const snapshotterName = 'snapledger';

/** Starts containerd with a snapshotter that answers on a socket, under the name `snapledger`. */
export async function startContainerd(sandbox: Sandbox, snapshotterSocket: string): Promise<Containerd> {
  const address = join(sandbox.path, 'containerd.sock');
  const namespace = `test-${process.pid}`;
  const config = join(sandbox.path, 'containerd.toml');
  writeFileSync(config, configuration(sandbox, address, snapshotterSocket));
  const start = () =>
    startDaemon({
      command: ['containerd', '--config', config],
      address,
      log: join(sandbox.path, 'containerd.log'),
    });
  let daemon = await start();
  const ctr = (args: readonly string[], options: Parameters<typeof run>[2]) =>
    run('ctr', ['--address', address, '--namespace', namespace, ...args], options);
  sandbox.atEnd(async () => {
    const { stdout } = await ctr(['tasks', 'list', '--quiet'], { anyStatus: true });
    for (const id of stdout.split('\n').filter((line) => line !== ''))
      await ctr(['tasks', 'delete', '--force', id], { anyStatus: true });
    await daemon.stop();
    removeTraces(namespace);
  });
  return {
    namespace,
    ctr: async (...args) => (await ctr(args, {})).stdout,
    ctrBytes: async (...args) => Buffer.from((await ctr(args, { encoding: 'latin1' })).stdout, 'latin1'),
    tryCtr: (...args) => ctr(args, { anyStatus: true }),
    restart: async () => {
      await daemon.stop();
      daemon = await start();
    },
  };
}

const configuration = (sandbox: Sandbox, address: string, snapshotterSocket: string) => `version = 2
root = "${sandbox.folder('containerd/root')}"
state = "${sandbox.folder('containerd/state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]

[grpc]
  address = "${address}"

[ttrpc]
  address = "${address}.ttrpc"

[proxy_plugins.${snapshotterName}]
  type = "snapshot"
  address = "${snapshotterSocket}"

[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "1s"
`;

/** runc keeps one directory for the namespace, and one in every hierarchy of control groups, and leaves both behind. */
function removeTraces(namespace: string): void {
  const groups = '/sys/fs/cgroup';
  const parents = ['/run/containerd/runc', groups, ...readdirSync(groups).map((name) => join(groups, name))];
  for (const folder of parents.map((parent) => join(parent, namespace)))
    try {
      rmdirSync(folder);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
}
