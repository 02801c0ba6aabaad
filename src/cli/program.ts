import { Command } from 'commander';
import { addChecking } from './program/checking.ts';
import { addInstalling } from './program/installing.ts';
import { addLooking } from './program/looking.ts';
import { addMending } from './program/mending.ts';
import { addMoving } from './program/moving.ts';
import { addServing } from './program/serving.ts';
import { version } from './version.ts';
import type { World } from './world.ts';

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
