import { Command } from 'commander';
import { version } from '../config/version.ts';
import type { World } from './cli-deps.ts';
import { addLooking } from './program/inspect.ts';
import { addMending } from './program/repair.ts';
import { addServing } from './program/serve.ts';
import { addInstalling } from './program/setup.ts';
import { addMoving } from './program/transfer.ts';
import { addChecking } from './program/verify.ts';

/** The command line. Each command's code is loaded when it is run, so that help costs no more than this file. */
export function createProgram(world: World): Command {
  const program = new Command('snapledger')
    .description('An event-sourced snapshotter for containerd')
    .version(version())
    .helpCommand('help [command]', 'show help of a command')
    .showHelpAfterError('run `snapledger --help` for the commands and options')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'snapledger: ')) })
    .exitOverride();
  addServing(program, world);
  addLooking(program, world);
  addChecking(program, world);
  addMoving(program, world);
  addMending(program, world);
  addInstalling(program);
  return program;
}
