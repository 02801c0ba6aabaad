import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { disabledPlugins } from '../../support/containerd/configuration.ts';
import { defaultPuller, pullFlags } from '../../support/containerd/pull.ts';
import { isContainerd, pathForContainerd, tools } from '../../support/containerd/tools.ts';
import { removeTraces } from '../../support/containerd.ts';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { type Finished, run } from '../../support/run.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { killContainersOf } from '../../support/shims.ts';

/** A node: containerd with its own overlayfs, and snapledger on the same root when that was taken over. */
export interface Node {
  /** of containerd's own snapshotter */
  readonly root: string;
  /** of snapledger */
  readonly store: string;
  readonly containerdRoot: string;
  /** containerd's own database */
  readonly database: string;
  readonly namespace: string;
  /** containerd's main file, the drop-in, and the settings of snapledger */
  readonly files: Readonly<Record<'main' | 'dropIn' | 'settings', string>>;
  ctr(...args: readonly string[]): Promise<string>;
  /** The name under which containerd has the snapshots now. */
  snapshotter(): string;
  pull(reference: string): Promise<void>;
  /** Runs a script in a new container and removes that. */
  runOnce(reference: string, id: string, script: string): Promise<void>;
  startContainerd(): Promise<void>;
  stopContainerd(): Promise<void>;
  startSnapledger(): Promise<Daemon>;
  stopSnapledger(): Promise<void>;
  /** What `systemctl` does with the services `containerd` and `snapledger`. */
  unit(action: string, name: string): Promise<void>;
  /** Runs a command of snapledger, whatever its status is. */
  snapledger(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  /** Runs a command of snapledger that must succeed, and returns its output. */
  done(...args: readonly string[]): Promise<string>;
  /** Writes or removes the drop-in. */
  connect(): Promise<void>;
  disconnect(): void;
}

interface NodeOptions {
  /** containerd's own snapshotter; default: overlayfs */
  readonly own?: 'overlayfs' | 'btrfs' | 'native';
  /** of a store in a root of its own; default: the one that was taken over */
  readonly driver?: 'overlay' | 'btrfs';
  readonly containerdRoot?: string;
}

export function createNode(
  sandbox: Sandbox,
  namespace = `takeover-${process.pid}`,
  { own: builtin = 'overlayfs', driver, containerdRoot = sandbox.folder('containerd/root') }: NodeOptions = {},
): Node {
  const inside = (name: string) => join(sandbox.path, name);
  const root = join(containerdRoot, `io.containerd.snapshotter.v1.${builtin}`);
  const store = driver === undefined ? root : join(containerdRoot, 'snapledger');
  const [main, dropIn, socket] = [
    inside('etc/config.toml'),
    inside('etc/conf.d/snapledger.toml'),
    inside('containerd.sock'),
  ];
  const own = inside('snapledger.sock');
  const settings = inside('snapledger.toml');
  mkdirSync(inside('etc/conf.d'), { recursive: true });
  writeFileSync(main, mainFile(sandbox, containerdRoot, socket, inside('etc/conf.d/*.toml')));
  writeFileSync(
    settings,
    `root = "${store}"\ndriver = "${driver ?? 'overlay'}"\naddress = "${own}"\n[retention]\nenabled = false\n`,
  );
  sandbox.atEnd(() => {
    killContainersOf(namespace);
    return removeTraces(namespace);
  });
  const env = { PATH: pathForContainerd(sandbox) };
  let containerd: Daemon | undefined;
  let daemon: Daemon | undefined;
  const ctr = async (...args: readonly string[]) =>
    (await run(tools.ctr, ['--address', socket, '--namespace', namespace, ...args])).stdout;
  const snapledger: Node['snapledger'] = (args, more = {}) =>
    run(process.execPath, [daemonFile, ...args], { anyStatus: true, env: more });
  const done = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await snapledger(args);
    assert.is(status, 0, `snapledger ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const snapshotter = () => (existsSync(dropIn) ? 'snapledger' : builtin);
  const startContainerd = async () => {
    const log = inside('containerd.log');
    const command = [tools.containerd, '--config', main] as const;
    containerd = await startDaemon({ command, address: socket, log, env, sandbox });
  };
  const stopContainerd = async () => {
    await containerd?.stop();
    rmSync(socket, { force: true });
  };
  const startSnapledger = async () => {
    const command = [process.execPath, daemonFile, 'serve', '--config', settings] as const;
    daemon = await startDaemon({ command, address: own, log: inside('snapledger.log'), sandbox });
    return daemon;
  };
  const stopSnapledger = async () => daemon?.stop();
  return {
    ...{ startContainerd, stopContainerd, startSnapledger, stopSnapledger },
    files: { main, dropIn, settings },
    unit: async (action, name) => {
      const [start, stop] =
        name === 'containerd' ? [startContainerd, stopContainerd] : [startSnapledger, stopSnapledger];
      if (action !== 'start') await stop();
      if (action !== 'stop') await start();
    },
    ...{ root, store, containerdRoot, namespace, ctr, snapledger, done, snapshotter },
    database: join(containerdRoot, 'io.containerd.metadata.v1.bolt/meta.db'),
    pull: async (reference) =>
      void (await ctr('images', 'pull', ...pullFlags(defaultPuller()), '--snapshotter', snapshotter(), reference)),
    runOnce: async (reference, id, script) =>
      void (await ctr(
        'run',
        '--rm',
        '--net-host',
        '--snapshotter',
        snapshotter(),
        reference,
        id,
        '/bin/sh',
        '-c',
        script,
      )),
    connect: async () => {
      const flags = ['--config', settings, '--main', main, '--output', dropIn];
      const version = (await run(tools.containerd, ['--version'])).stdout.trim().split(/\s+/)[2] ?? '';
      const inPlace = driver === undefined ? ['--takeover'] : [];
      await done('containerd-config', ...inPlace, '--containerd', version, ...flags);
    },
    disconnect: () => rmSync(dropIn),
  };
}

/** containerd's own configuration, with everything in the sandbox and an import of drop-ins. */
const mainFile = (
  sandbox: Sandbox,
  root: string,
  socket: string,
  imports: string,
) => `version = ${isContainerd(2) ? 3 : 2}
root = "${root}"
state = "${sandbox.folder('containerd/state')}"
imports = ["${imports}"]
disabled_plugins = ${JSON.stringify(disabledPlugins())}

[grpc]
  address = "${socket}"

[ttrpc]
  address = "${socket}.ttrpc"

[plugins."io.containerd.gc.v1.scheduler"]
  startup_delay = "1s"

[plugins."io.containerd.internal.v1.opt"]
  path = "${sandbox.folder('containerd/opt')}"
`;
