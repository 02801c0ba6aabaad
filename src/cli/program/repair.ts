import type { Command } from 'commander';
import type { World } from '../cli-deps.ts';
import type { ReconcileOptions } from '../commands/reconcile.ts';
import type { RepairOptions } from '../commands/repair.ts';
import type { RestoreOptions } from '../commands/restore.ts';
import { print } from '../output/print.ts';
import { aboutStore, jsonOption, wholeOption } from './options.ts';

/** Commands that change a store. */
export function addMending(program: Command, world: World): void {
  addReconcile(program, world);
  addRestore(program, world);
  addRepair(program, world);
}

function addReconcile(program: Command, world: World): void {
  aboutStore(program, 'reconcile', 'make the disk agree with the log')
    .option('--dry-run', 'show what would be done and change nothing')
    .addOption(jsonOption('one action a line'))
    .action(async (options: ReconcileOptions) => {
      const { reconcile } = await import('../commands/reconcile.ts');
      await reconcile(options, world, print);
    });
}

function addRestore(program: Command, world: World): void {
  aboutStore(
    program,
    'restore [name]',
    'bring a removed layer back by its name or number; without one, show what can be',
  )
    .addOption(jsonOption('one layer a line'))
    .addOption(wholeOption())
    .action(async (name: string | undefined, options: RestoreOptions) => {
      const { restore } = await import('../commands/restore.ts');
      await restore(name, options, world, print);
    });
}

function addRepair(program: Command, world: World): void {
  aboutStore(program, 'repair', 'make a damaged log of a stopped store whole again; what it had is kept aside')
    .option('--dry-run', 'show what is lost and what would be done, and change nothing')
    .addOption(jsonOption('one object'))
    .action(async (options: RepairOptions) => {
      const { repair } = await import('../commands/repair.ts');
      await repair(options, world, print);
    });
}
