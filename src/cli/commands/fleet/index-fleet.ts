import type { Command } from 'commander';
import { loadFleetSettings, required } from '../../../config/fleet-settings.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { configOption } from '../../options.ts';
import { firstSignal } from '../serve.ts';

interface IndexOptions {
  readonly config?: string;
  readonly from?: string;
  readonly into?: string;
  readonly keepRemoved?: string;
  readonly listen?: string;
  readonly once?: boolean;
  readonly rebuild?: boolean;
  readonly logLevel?: string;
}

const names = {
  cluster: '--from',
  database: '--into',
  'index.keep_removed': '--keep-removed',
  'index.listen': '--listen',
};

/** Indexes a fleet in the foreground. */
export function addFleetIndex(fleet: Command, deps: CliDeps): void {
  fleet
    .command('index')
    .description('index the events of all nodes in PostgreSQL, in the foreground')
    .addOption(configOption())
    .option('--from <url>', 'the KurrentDB cluster that the nodes forward to: kurrentdb://host:port')
    .option('--into <url>', 'the PostgreSQL database: postgres://user@host/database')
    .option(
      '--keep-removed <duration>',
      'drop removed snapshots from the index after this time, as 180d (default: never)',
    )
    .option('--listen <address>', 'metrics and health on loopback TCP, as 127.0.0.1:7476 (default off)')
    .option('--once', 'end when the index is up to date; a lost connection then fails')
    .option('--rebuild', 'build the index anew beside the one that is read, and replace that when it is up to date')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (options: IndexOptions) => {
      await runIndex(options, deps);
      // A connection that is being closed must not keep the process alive.
      process.exit(0);
    });
}

async function runIndex(options: IndexOptions, deps: CliDeps): Promise<void> {
  const settings = loadFleetSettings({
    file: options.config,
    flags: {
      cluster: options.from,
      database: options.into,
      index: given({ keep_removed: options.keepRemoved, listen: options.listen }),
      log_level: options.logLevel,
    },
    names,
  });
  const [from, into] = [required(settings, 'cluster', '--from'), required(settings, 'database', '--into')];
  const { createLogger } = await import('../../../observe/create-logger.ts');
  const logger = createLogger(settings.logLevel);
  const stopping = new AbortController();
  void firstSignal().then((signal) => {
    logger.info({ signal }, 'stopping; a second signal ends the process at once');
    stopping.abort();
  });
  const { once = false, rebuild = false } = options;
  await deps.indexFleet({ ...settings.index, from, into, once, rebuild, signal: stopping.signal }, logger);
}

/** The options that are given: environment and file decide the others. */
const given = (table: Readonly<Record<string, string | undefined>>) =>
  Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));
