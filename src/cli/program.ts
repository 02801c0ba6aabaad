import { Command } from 'commander';
import { version } from '../config/version.ts';
import type { CliDeps } from './cli-deps.ts';
import { addArchive } from './commands/archive.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addContainerdConfig } from './commands/containerd-config.ts';
import { addDoctor } from './commands/doctor.ts';
import { addFleet } from './commands/fleet/fleet.ts';
import { addInit } from './commands/init.ts';
import { addLog } from './commands/log.ts';
import { addMan } from './commands/man.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addRepair } from './commands/repair.ts';
import { addRestore } from './commands/restore.ts';
import { addServe } from './commands/serve.ts';
import { addSwitch } from './commands/takeover.ts';
import { addTransfer } from './commands/transfer.ts';
import { addVerify } from './commands/verify.ts';
import { addQueries } from './query-command.ts';

/** The command line. */
export function createProgram(deps: CliDeps): Command {
  const program = new Command('snapledger')
    .description('An event-sourced snapshotter for containerd')
    .version(version())
    .helpCommand('help [command]', 'show help of a command')
    .showHelpAfterError('run `snapledger --help` for the commands and options')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'snapledger: ')) })
    .exitOverride();
  for (const add of [addServe, addInit, addDoctor, addLog, addQueries, addConsole, addVerify]) add(program, deps);
  for (const add of [
    addArchive,
    addTransfer,
    addReconcile,
    addRestore,
    addRepair,
    addSwitch,
    addContainerdConfig,
    addFleet,
  ])
    add(program, deps);
  for (const add of [addCompletion, addMan]) add(program);
  return program;
}
