import { loadConfig } from '../../config/load-config.ts';
import { createLogger } from '../../observe/create-logger.ts';
import type { World } from '../cli-deps.ts';
import type { Print } from '../output/print.ts';
import type { RootOptions } from '../store-root.ts';

export interface InitOptions extends RootOptions {
  readonly driver?: string;
  readonly log?: string;
  readonly json?: boolean;
}

/** Makes the store of a root, with the settings that a daemon will have, and prints its id. One that is there is left as it is. */
export async function init(options: InitOptions, world: World, print: Print): Promise<void> {
  const { config: file, root, driver, log } = options;
  const config = loadConfig({ file, flags: { root, driver, log: log === undefined ? undefined : { url: log } } });
  const { store, created } = await world.initStore(config, createLogger('error'));
  if (options.json === true) print([JSON.stringify({ root: config.root, store, created })]);
  else print([created ? `${config.root}: made store ${store}` : `${config.root}: holds store ${store} already`]);
}
