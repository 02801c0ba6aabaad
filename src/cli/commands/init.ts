import type { Command } from 'commander';
import { loadConfig } from '../../config/load-config.ts';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand } from '../options.ts';
import { print } from '../output/print.ts';
import type { RootOptions } from '../store-files.ts';

interface InitOptions extends RootOptions {
  readonly driver?: string;
  readonly log?: string;
  readonly json?: boolean;
}

/** Creates the store of a root with a daemon's settings, and prints its id. An existing store is left as it is. */
export function addInit(program: Command, deps: CliDeps): void {
  storeCommand(program, 'init', 'create an empty store in a root without one, before the first start')
    .option('--driver <name>', 'overlay, btrfs or memory')
    .option('--log <url>', 'keep the log in a KurrentDB cluster')
    .addOption(jsonOption('one object'))
    .action(async ({ config: file, root, driver, log, json }: InitOptions) => {
      const { createLogger } = await import('../../observe/create-logger.ts');
      const config = loadConfig({ file, flags: { root, driver, log: log === undefined ? undefined : { url: log } } });
      const { store, created } = await deps.initStore(config, createLogger('error'));
      if (json === true) print([JSON.stringify({ root: config.root, store, created })]);
      else print([`${config.root}: ${created ? 'created' : 'already has'} store ${store}`]);
    });
}
