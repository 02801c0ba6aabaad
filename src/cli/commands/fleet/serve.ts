import type { Command } from 'commander';
import { loadFleetSettings, required } from '../../../config/fleet-settings.ts';
import { Fault } from '../../../ports/fault.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { configOption, path } from '../../options.ts';
import { firstSignal } from '../serve.ts';
import { databaseOption } from './questions.ts';

interface FleetServeFlags {
  readonly config?: string;
  readonly database?: string;
  readonly listen?: string;
  readonly tokenFile?: string;
}

/** Serves the questions over HTTP in the foreground. */
export function addFleetServe(fleet: Command, deps: Pick<CliDeps, 'serveFleet'>): void {
  fleet
    .command('serve')
    .description('answer the questions to the fleet over HTTP, in the foreground')
    .addOption(databaseOption())
    .addOption(configOption())
    .option('--listen <address>', 'loopback address and port, as 127.0.0.1:7476')
    .option('--token-file <file>', 'file with the bearer token', path)
    .action(async (flags: FleetServeFlags) => serve(flags, deps));
}

async function serve({ config, database, listen, tokenFile }: FleetServeFlags, deps: Pick<CliDeps, 'serveFleet'>) {
  // What is not given must not hide what the file says.
  const http = { ...(listen !== undefined && { listen }), ...(tokenFile !== undefined && { token_file: tokenFile }) };
  const settings = loadFleetSettings({
    file: config,
    flags: { database, http },
    names: { 'http.listen': '--listen', 'http.token_file': '--token-file' },
  });
  const { listen: address, tokenFile: file } = settings.http;
  if (address === null || file === null)
    throw new Fault('misuse', 'fleet serve: needs an address and a file with a token', {
      hint: 'give --listen 127.0.0.1:7476 and --token-file FILE, or [http] in the settings',
    });
  const { createLogger } = await import('../../../observe/create-logger.ts');
  const logger = createLogger(settings.logLevel);
  const signalled = firstSignal();
  const options = { database: required(settings, 'database'), listen: address, tokenFile: file };
  const server = await deps.serveFleet(options, logger);
  const signal = await signalled;
  logger.info({ signal }, 'stopping');
  await server.stop(signal);
}
