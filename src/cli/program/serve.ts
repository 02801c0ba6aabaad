import type { Command } from 'commander';
import type { World } from '../cli-deps.ts';
import type { InitOptions } from '../commands/init.ts';
import type { ServeOptions } from '../commands/serve.ts';
import { print } from '../output/print.ts';
import { aboutStore, configOption, jsonOption, path, rootOption } from './options.ts';

/** The daemon, and the store that it serves. */
export function addServing(program: Command, world: World): void {
  program
    .command('serve')
    .description('run the daemon in the foreground')
    .addOption(configOption())
    .addOption(rootOption())
    .option('--existing', 'fail where the root holds no store, instead of making one: its disk may not be mounted')
    .option('--address <socket>', 'unix socket that containerd dials', path)
    .option('--http-address <socket>', 'unix socket of metrics, health, events and reconcile', path)
    .option('--http-listen <address>', 'the same on loopback TCP, as 127.0.0.1:7475 (off unless said)')
    .option('--http-token-file <file>', 'the bearer token that loopback TCP asks for', path)
    .option('--driver <name>', 'overlay, btrfs or memory')
    .option('--log <url>', 'keep the log in a cluster of KurrentDB, not in the root: kurrentdb://host:port')
    .option('--forward <url>', 'send a copy of every event to a cluster of KurrentDB')
    .option('--durability <when>', "commit: a layer's data is flushed before its commit is answered; background: after")
    .option('--removal <how>', 'background: volumes are purged after Remove was answered; sync: before')
    .option('--no-retention', 'purge removed layers at once')
    .option('--take-over', 'serve a store in a cluster that another root has served: once, on purpose')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (options: ServeOptions) => {
      const { serve } = await import('../commands/serve.ts');
      // What a stop could not wait for must not keep the process alive.
      process.exit(await serve(options, world));
    });
  aboutStore(program, 'init', 'make an empty store in a root that holds none, before the first start')
    .option('--driver <name>', 'overlay, btrfs or memory')
    .option('--log <url>', 'keep the log in a cluster of KurrentDB')
    .addOption(jsonOption('one object'))
    .action(async (options: InitOptions) => {
      const { init } = await import('../commands/init.ts');
      await init(options, world, print);
    });
}
