import { createConsoleSource } from '../../app/console/source.ts';
import type { CliDeps, ConsoleOptions, RunningConsole } from '../../cli/cli-deps.ts';
import { loadConfig } from '../../config/load-config.ts';
import { createConsole } from '../../console/server/console.ts';
import { consolePath } from '../../console/server/door.ts';
import { createTokens } from '../../console/server/sessions.ts';
import { serveTcp } from '../../http/serve-http.ts';
import type { Logger } from '../../ports/logger.ts';
import { clusterOf } from '../store-files.ts';
import { type ConsoleRoot, consoleActions, daemonFlushes, daemonState } from './actions.ts';
import { newEventsOf } from './new-events.ts';
import { fleetOf } from './open-fleet.ts';
import { pageDirectory } from './page-directory.ts';

/** Serves the console of a root, or of an export, on loopback: from its files and, if one is running, its daemon. */
export async function startConsole(options: ConsoleOptions, deps: CliDeps, logger: Logger): Promise<RunningConsole> {
  const { of } = options;
  if ('root' in of) return serveRoot(of.root, options, deps, logger);
  const { unpackExport } = await import('../../maintenance/unpack-export.ts');
  const { root, remove } = await unpackExport(of.file);
  const running = await serveRoot(root, { ...options, readOnly: true }, deps, logger).catch((error) => {
    remove();
    throw error;
  });
  return { ...running, close: () => running.close().finally(remove) };
}

async function serveRoot(
  root: string,
  { config, listen, readOnly }: Omit<ConsoleOptions, 'of'>,
  deps: CliDeps,
  logger: Logger,
): Promise<RunningConsole> {
  const source = await consoleSource({ root, config }, deps);
  const tokens = createTokens();
  const { fleet, close } = fleetOf();
  const server = await serveTcp({
    answer: createConsole({
      ...{ source, fleet, readOnly, logger, host: listen.host, page: pageDirectory() },
      actions: consoleActions({ root, config }, deps, source),
      accept: tokens.accept,
      once: true,
    }),
    loopback: listen,
    logger,
  });
  source.warm();
  const { host, port } = server.loopback;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    port,
    issue: () => `http://${name}:${port}${consolePath}/login?token=${tokens.issue()}`,
    close: async () => {
      await server.close().finally(close);
      // Ends the reading of a long log.
      source.events.clear();
    },
  };
}

/** What a console reads of a root. */
export async function consoleSource(
  { root, config }: ConsoleRoot,
  deps: Pick<CliDeps, 'storeFiles' | 'openLayers' | 'openMounts'>,
) {
  return createConsoleSource({
    files: deps.storeFiles(root),
    layers: (driver) => deps.openLayers(root, driver),
    mounts: async (driver) => deps.openMounts(loadConfig({ file: config, flags: { root } }), driver),
    keep: (await clusterOf(root)) === undefined,
    newEvents: (files) => newEventsOf(root, files),
    daemon: () => daemonState(root),
    flushes: () => daemonFlushes(root),
  });
}
