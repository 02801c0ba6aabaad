import { existsSync, readdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerdSettings, containerdConfiguration } from './containerd/configuration.ts';
import { pathForContainerd, tools } from './containerd/tools.ts';
import { startDaemon } from './daemon.ts';
import { type Finished, run } from './run.ts';
import type { Sandbox } from './sandbox.ts';
import { killContainersOf } from './shims.ts';
import { waitFor } from './wait-for.ts';

/** A containerd of the test's own: root, state and socket in the sandbox, one namespace, one proxy snapshotter. */
export interface Containerd {
  readonly namespace: string;
  /** path of its unix socket */
  readonly address: string;
  /** Runs `ctr` in the namespace; rejects on a status other than 0. */
  ctr(...args: readonly string[]): Promise<string>;
  /** The same, for output that is no text. */
  ctrBytes(...args: readonly string[]): Promise<Buffer>;
  /** Runs `ctr` and resolves whatever its status is. */
  tryCtr(...args: readonly string[]): Promise<Finished>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Stops containerd if it runs, and starts it again on the same state. */
  restart(): Promise<void>;
}

export { builtinName, snapshotterName } from './containerd/configuration.ts';

interface ContainerdOptions extends Omit<ContainerdSettings, 'address' | 'snapshotter'> {
  readonly namespace?: string;
}

/** Starts the containerd under test with a snapshotter that answers on a socket, under the name `snapledger`. */
export async function startContainerd(
  sandbox: Sandbox,
  snapshotter: string,
  { namespace = `test-${process.pid}`, ...settings }: ContainerdOptions = {},
): Promise<Containerd> {
  const address = join(sandbox.path, 'containerd.sock');
  const config = join(sandbox.path, 'containerd.toml');
  writeFileSync(config, containerdConfiguration(sandbox, { ...settings, address, snapshotter }));
  const command = [tools.containerd, '--config', config] as const;
  const log = join(sandbox.path, 'containerd.log');
  const env = { PATH: pathForContainerd(sandbox) };
  const start = () => startDaemon({ command, address, log, env, sandbox });
  // Registered before containerd, so done after it.
  sandbox.atEnd(() => {
    killContainersOf(namespace);
    return removeTraces(namespace);
  });
  let daemon = await start();
  const ctr = (args: readonly string[], options: Parameters<typeof run>[2]) =>
    run(tools.ctr, ['--address', address, '--namespace', namespace, ...args], options);
  return {
    namespace,
    address,
    ctr: async (...args) => (await ctr(args, {})).stdout,
    ctrBytes: async (...args) => Buffer.from((await ctr(args, { encoding: 'latin1' })).stdout, 'latin1'),
    tryCtr: (...args) => ctr(args, { anyStatus: true }),
    stop: () => daemon.stop(),
    kill: () => daemon.kill(),
    restart: async () => {
      await daemon.stop();
      daemon = await start();
    },
  };
}

/** runc keeps a directory for the namespace, and one in every hierarchy of control groups, and leaves them behind. */
export async function removeTraces(namespace: string): Promise<void> {
  rmSync(join('/run/containerd/runc', namespace), { recursive: true, force: true });
  const groups = '/sys/fs/cgroup';
  for (const parent of [groups, ...readdirSync(groups).map((name) => join(groups, name))])
    for (const folder of foldersBelow(join(parent, namespace)))
      await waitFor(`${folder} to be empty of processes`, () => isRemoved(folder));
}

/** A directory after all below it; none if it does not exist. */
function foldersBelow(folder: string): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...inside.flatMap((entry) => foldersBelow(join(folder, entry.name))), folder];
}

/** Control groups hold files that go with them: they can only be removed one by one, and only without processes. */
function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EBUSY' && code !== 'ENOENT') throw error;
    return code === 'ENOENT';
  }
}
