import type { Command } from 'commander';
import type { World } from '../cli-deps.ts';
import type { AnchorOptions } from '../commands/anchor.ts';
import type { BlameOptions } from '../commands/blame.ts';
import type { VerifyOptions } from '../commands/verify.ts';
import type { WhyOptions } from '../commands/why.ts';
import { print } from '../output/print.ts';
import { aboutStore, collect, jsonOption, wholeOption } from './options.ts';

/** Commands that prove and explain. */
export function addChecking(program: Command, world: World): void {
  addVerify(program, world);
  addBlame(program, world);
  addAnchor(program, world);
  addWhy(program, world);
}

function addVerify(program: Command, world: World): void {
  aboutStore(program, 'verify', 'check log, projections, parents and disk; exit status 0, 1 (findings), 3 (damage)')
    .addOption(jsonOption('one snapshot or directory a line, and at the end one object with every step'))
    .option(
      '--deep',
      'compare every layer with what was measured of it, and with its manifest: reads all files that have one',
    )
    .option('--all', 'tell of every snapshot and directory what it is and why')
    .option(
      '--anchor <anchor>',
      'the log must contain these lines of `anchor`, separated by commas, or those in @FILE (can be repeated)',
      collect,
    )
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('../commands/verify.ts');
      process.exitCode = await verify(options, world, print);
    });
}

function addBlame(program: Command, world: World): void {
  aboutStore(
    program,
    'blame <key> <path>',
    'show which layer of a snapshot brought a file, or took it away, who and when',
  )
    .addOption(jsonOption('one object'))
    .addOption(wholeOption())
    .action(async (key: string, path: string, options: BlameOptions) => {
      const { blame } = await import('../commands/blame.ts');
      await blame(key, path, options, world, print);
    });
}

function addAnchor(program: Command, world: World): void {
  aboutStore(program, 'anchor', "print the head of the log's hash chain, to be kept elsewhere for `verify --anchor`")
    .addOption(jsonOption('one object'))
    .action(async (options: AnchorOptions) => {
      const { anchor } = await import('../commands/anchor.ts');
      await anchor(options, world, print);
    });
}

function addWhy(program: Command, world: World): void {
  aboutStore(program, 'why <key>', 'say why a snapshot is there or not: its key, name or number, living or removed')
    .addOption(jsonOption('one object'))
    .action(async (key: string, options: WhyOptions) => {
      const { why } = await import('../commands/why.ts');
      await why(key, options, world, print);
    });
}
