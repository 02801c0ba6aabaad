import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon } from '../support/daemon.ts';
import { file } from '../support/image/entries.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { startRegistry } from '../support/registry.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';

/**
 * What durability costs: pull and unpack of an image with one containerd through its builtin overlayfs, through
 * snapledger with `durability = "commit"` and with "background", in turn. `node build/test/bench/pull.js [LAYERS]
 * [MEGABYTES] [ROUNDS]`, as root. Prints the milliseconds of each round, their medians, and ratios to the builtin one.
 */
const [layers = 12, megabytes = 120, rounds = 7] = process.argv.slice(2).map(Number);
const durabilities = ['commit', 'background'] as const;
const snapshotters = ['overlayfs', ...durabilities];

/** Layers of many small and a few large files, of bytes that don't compress. */
function image() {
  const bytes = (megabytes * 1024 * 1024) / layers;
  return imageOf(
    Array.from({ length: layers }, (_, layer) =>
      layerOf([
        ...Array.from({ length: 100 }, (_, i) => file(`l${layer}-${i}`, randomBytes(Math.floor(bytes / 400)))),
        ...Array.from({ length: 3 }, (_, i) => file(`large${layer}-${i}`, randomBytes(Math.floor(bytes / 4)))),
      ]),
    ),
    {},
  );
}

async function startSnapledger(sandbox: Sandbox, durability: string): Promise<string> {
  const address = join(sandbox.path, `${durability}.sock`);
  const root = join(sandbox.path, durability);
  const flags = [
    '--root',
    root,
    '--address',
    address,
    '--driver',
    'overlay',
    '--durability',
    durability,
    '--no-retention',
  ];
  const command = [process.execPath, daemonFile, 'serve', ...flags] as const;
  await startDaemon({ command: [...command], address, log: join(sandbox.path, `${durability}.log`), sandbox });
  return address;
}

async function startContainerd(sandbox: Sandbox, sockets: ReadonlyMap<string, string>): Promise<string> {
  const address = join(sandbox.path, 'containerd.sock');
  const config = join(sandbox.path, 'containerd.toml');
  const plugins = [...sockets].map(([name, at]) => `[proxy_plugins.${name}]\ntype = "snapshot"\naddress = "${at}"`);
  const folders = `root = "${sandbox.folder('containerd/root')}"\nstate = "${sandbox.folder('containerd/state')}"`;
  const disabled = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]';
  const listen = `[grpc]\naddress = "${address}"\n[ttrpc]\naddress = "${address}.ttrpc"`;
  writeFileSync(config, ['version = 2', folders, disabled, listen, ...plugins].join('\n'));
  const command = ['containerd', '--config', config] as const;
  await startDaemon({ command: [...command], address, log: join(sandbox.path, 'containerd.log'), sandbox });
  return address;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const sandbox = createSandbox('bench-pull');
try {
  const registry = await startRegistry(sandbox);
  const reference = await pushImage(registry, 'bench', 'latest', image());
  const sockets = new Map<string, string>();
  for (const durability of durabilities) sockets.set(durability, await startSnapledger(sandbox, durability));
  const address = await startContainerd(sandbox, sockets);
  const ctr = (...args: string[]) => run('ctr', ['--address', address, '--namespace', 'bench', ...args]);
  const times = new Map(snapshotters.map((name) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++)
    for (const name of snapshotters) {
      await run('sync', []);
      const began = performance.now();
      await ctr('images', 'pull', '--plain-http', '--snapshotter', name, reference);
      // The first round warms up.
      if (round > 0) times.get(name)?.push(Math.round(performance.now() - began));
      await ctr('images', 'remove', '--sync', reference);
    }
  const base = median(times.get('overlayfs') ?? []);
  for (const [name, milliseconds] of times)
    console.log(
      JSON.stringify({ name, milliseconds, median: median(milliseconds), ratio: median(milliseconds) / base }),
    );
} finally {
  await sandbox.close();
}
