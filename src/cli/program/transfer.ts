import type { Command } from 'commander';
import type { World } from '../cli-deps.ts';
import type { ArchiveOptions } from '../commands/archive.ts';
import type { ExportOptions, ImportOptions } from '../commands/transfer.ts';
import { print } from '../output/print.ts';
import { aboutStore, jsonOption } from './options.ts';

/** Commands that put a log or a store elsewhere. */
export function addMoving(program: Command, world: World): void {
  addArchive(program, world);
  addExport(program, world);
  addImport(program, world);
}

function addArchive(program: Command, world: World): void {
  aboutStore(
    program,
    'archive',
    'compress the segments of the log before the newest checkpoint; history still reads them',
  )
    .option('--dry-run', 'show which, and change nothing')
    .option('--move-to <dir>', 'move the archives before --before there; no daemon may be at work')
    .option('--before <moment>', 'with --move-to: a position or a time')
    .option('--bring-back <dir>', 'bring back what was moved there; no daemon may be at work')
    .addOption(jsonOption('one segment a line'))
    .action(async (options: ArchiveOptions) => {
      const { archive } = await import('../commands/archive.ts');
      await archive(options, world, print);
    });
}

function addExport(program: Command, world: World): void {
  aboutStore(program, 'export <file>', 'write a store as one file: its log and checkpoints')
    .option('--volumes', 'and its layers; no daemon may be at work')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ExportOptions) => {
      const { exportStore } = await import('../commands/transfer.ts');
      await exportStore(file, options, world, print);
    });
}

function addImport(program: Command, world: World): void {
  aboutStore(program, 'import <file>', 'make a store of an export, in a root that is empty')
    .option('--driver <name>', 'overlay or btrfs; the one that it had unless said')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ImportOptions) => {
      const { importStore } = await import('../commands/transfer.ts');
      await importStore(file, options, world, print);
    });
}
