import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import * as either from 'fp-ts/lib/Either.js';
import { decodeWith } from '../../../events/codecs.ts';
import { LoopbackOrAny } from '../../config/values.ts';
import { Fault } from '../../ports/fault.ts';
import type { CliDeps } from '../cli-deps.ts';
import { path, storeCommand } from '../options.ts';
import { print } from '../output/print.ts';
import { type RootOptions, storeRoot } from '../store-files.ts';

interface ConsoleCommandOptions extends RootOptions {
  readonly listen: string;
  readonly readOnly?: boolean;
  readonly export?: string;
}

export function addConsole(program: Command, deps: CliDeps): void {
  storeCommand(program, 'console', 'serve a console for a browser: the store, its history, its health')
    .option('--listen <address>', 'loopback address and port, port 0 for any that is free', '127.0.0.1:0')
    .option('--export <file>', 'show the store in a file of `snapledger export` instead of a root; only reads', path)
    .option('--read-only', 'offer neither restore nor reconcile')
    .action(async (options: ConsoleCommandOptions) => serveConsole(options, deps));
}

/** Serves the console until a signal. Each line on standard input prints another address. */
async function serveConsole(
  { listen, readOnly = false, export: file, ...options }: ConsoleCommandOptions,
  deps: CliDeps,
): Promise<void> {
  const address = decodeWith(LoopbackOrAny, listen);
  if (either.isLeft(address))
    throw new Fault('misuse', `--listen: ${address.left}`, {
      hint: 'only this machine can be served; use ssh -L from another one',
    });
  const of = file === undefined ? { root: storeRoot(options) } : { file };
  const { createLogger } = await import('../../observe/create-logger.ts');
  const started = await deps.startConsole(
    { of, config: options.config, listen: address.right, readOnly },
    createLogger('warn'),
  );
  const { port } = started;
  print([
    `console of ${file ?? storeRoot(options)}${readOnly || file !== undefined ? ' (read-only)' : ''}`,
    `  ${started.issue()}`,
    `The address works once${process.stdin.isTTY === true ? '; press Enter for another one' : ''}. From another machine: ssh -L ${port}:127.0.0.1:${port} HOST`,
  ]);
  const input = createInterface({ input: process.stdin });
  input.on('line', () => print([`  ${started.issue()}`]));
  // A closed terminal must not leave an unpacked export behind.
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)));
  input.close();
  await started.close();
}
