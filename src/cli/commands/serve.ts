import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../config/load-config.ts';
import { createLogger } from '../../observe/create-logger.ts';
import type { Daemon, World } from '../cli-deps.ts';

export interface ServeOptions {
  readonly config?: string;
  readonly root?: string;
  /** refuse a root without a store */
  readonly existing?: boolean;
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
  /** serve a store that another root has served before */
  readonly takeOver?: boolean;
  /** false: nothing that is removed is retained */
  readonly retention?: boolean;
}

const signals = ['SIGTERM', 'SIGINT'] as const;

/** Milliseconds that a start which is interrupted by a signal has to come to its end: it can be broken off at any moment, as by a crash. */
const startTime = 5_000;
const late = Symbol('late');

/**
 * Runs the daemon in the foreground until a signal: the first one stops it in order, a second one ends the process at
 * once. A start that goes on for 5 s after a signal is broken off; the caller must end the process then. Resolves with the exit status when it has stopped. A daemon that does not start rejects with a Fault.
 */
export async function serve(options: ServeOptions, world: World): Promise<number> {
  const config = loadConfig({
    file: options.config,
    flags: {
      root: options.root,
      existing: options.existing,
      address: options.address,
      http_address: options.httpAddress,
      http: said({ listen: options.httpListen, token_file: options.httpTokenFile }),
      driver: options.driver,
      log: options.log === undefined ? undefined : { url: options.log },
      forward: options.forward === undefined ? undefined : { url: options.forward },
      durability: options.durability,
      removal: options.removal,
      log_level: options.logLevel,
      retention: options.retention === false ? { enabled: false } : undefined,
    },
  });
  const logger = createLogger(config.logLevel);
  const signalled = firstSignal();
  const starting = world.startDaemon(config, logger, { takeOver: options.takeOver === true });
  const daemon = await Promise.race([starting, signalled.then(() => sleep(startTime, late, { ref: false }))]);
  const signal = await signalled;
  if (daemon === late) {
    logger.warn({ signal }, 'stopped before the start was over: the next start begins anew');
    return 0;
  }
  logger.info({ signal }, 'stopping; a second signal ends the process at once');
  return stopped(daemon, signal, (error) => logger.error({ err: error }, 'stop failed'));
}

/** What the command line says of a table: nothing of what it leaves out, which the file may say. */
const said = (table: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));

async function stopped(daemon: Daemon, signal: string, tell: (error: unknown) => void): Promise<number> {
  try {
    await daemon.stop(signal);
    return 0;
  } catch (error) {
    tell(error);
    return 1;
  }
}

/** A signal during the start counts too: the daemon is stopped as soon as it is up, or the start is broken off. */
function firstSignal(): Promise<NodeJS.Signals> {
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
