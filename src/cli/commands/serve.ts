import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load-config.ts';
import type { CliDeps } from '../cli-deps.ts';
import { configOption, path, rootOption } from '../options.ts';

interface ServeOptions {
  readonly config?: string;
  readonly root?: string;
  readonly existing?: boolean;
  readonly node?: string;
  readonly address?: string;
  readonly httpAddress?: string;
  readonly httpListen?: string;
  readonly httpTokenFile?: string;
  readonly driver?: string;
  readonly log?: string;
  readonly forward?: string;
  readonly durability?: string;
  readonly removal?: string;
  readonly logLevel?: string;
  readonly takeOver?: boolean;
  readonly retention?: boolean;
}

/** Runs the daemon in the foreground. */
export function addServe(program: Command, deps: CliDeps): void {
  program
    .command('serve')
    .description('run the daemon in the foreground')
    .addOption(configOption())
    .addOption(rootOption())
    .option('--existing', 'fail if the root has no store, instead of creating one: its disk may not be mounted')
    .option('--node <name>', "the node's name in the log (default NODE_NAME of the environment, else the host's name)")
    .option('--address <socket>', 'unix socket for containerd', path)
    .option('--http-address <socket>', 'unix socket for the HTTP API', path)
    .option('--http-listen <address>', 'HTTP API on loopback TCP, as 127.0.0.1:7475 (default off)')
    .option('--http-token-file <file>', 'file with the bearer token for loopback TCP', path)
    .option('--driver <name>', 'overlay, btrfs or memory')
    .option('--log <url>', 'keep the log in a KurrentDB cluster instead of the root: kurrentdb://host:port')
    .option('--forward <url>', 'send a copy of every event to a KurrentDB cluster')
    .option('--durability <when>', "commit: flush a layer's data before its commit is answered; background: after")
    .option('--removal <how>', 'background: purge volumes after Remove was answered; sync: before')
    .option('--no-retention', 'purge removed layers at once')
    .option('--take-over', 'serve a store in a cluster that another root has served: once, on purpose')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (options: ServeOptions) => {
      // Work that a stop did not wait for must not keep the process alive.
      process.exit(await serve(options, deps));
    });
}

const signals = ['SIGTERM', 'SIGINT'] as const;

/** Milliseconds for a start to complete after a signal. Aborting it is safe at any moment, as a crash is. */
const startTime = 5_000;
const late = Symbol('late');

/**
 * Runs the daemon until a signal: the first one stops it in order, a second one ends the process at once. A start that takes
 * longer than 5 s after a signal is aborted; the caller must then end the process. Resolves with the exit status. A daemon that
 * does not start rejects with a Fault.
 */
async function serve(options: ServeOptions, deps: CliDeps): Promise<number> {
  const config = loadConfig({
    file: options.config,
    flags: {
      root: options.root,
      existing: options.existing,
      node: options.node,
      address: options.address,
      http_address: options.httpAddress,
      http: given({ listen: options.httpListen, token_file: options.httpTokenFile }),
      driver: options.driver,
      log: options.log === undefined ? undefined : { url: options.log },
      forward: options.forward === undefined ? undefined : { url: options.forward },
      durability: options.durability,
      removal: options.removal,
      log_level: options.logLevel,
      retention: options.retention === false ? { enabled: false } : undefined,
    },
  });
  const { createLogger } = await import('../../observe/create-logger.ts');
  const logger = createLogger(config.logLevel);
  const signalled = firstSignal();
  const starting = deps.startDaemon(config, logger, { takeOver: options.takeOver === true, settings: options.config });
  const daemon = await Promise.race([starting, signalled.then(() => sleep(startTime, late, { ref: false }))]);
  const signal = await signalled;
  if (daemon === late) {
    logger.warn({ signal }, 'stopped during the start; the next start begins again');
    return 0;
  }
  logger.info({ signal }, 'stopping; a second signal ends the process at once');
  try {
    await daemon.stop(signal);
    return 0;
  } catch (error) {
    logger.error({ err: error }, 'stop failed');
    return 1;
  }
}

/** The options that are given: the file decides the others. */
const given = (table: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));

/** A signal during the start counts too: the daemon is stopped as soon as it has started, or the start is aborted. */
export function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (seen) process.exit(1);
      seen = true;
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
