import type { Command } from 'commander';
import type { World } from '../cli-deps.ts';
import type { DiffOptions } from '../commands/diff.ts';
import type { HistoryOptions } from '../commands/history.ts';
import type { LogOptions } from '../commands/log.ts';
import type { LsOptions } from '../commands/ls.ts';
import type { StatOptions } from '../commands/stat.ts';
import type { StatsOptions } from '../commands/stats.ts';
import type { TreeOptions } from '../commands/tree.ts';
import { print } from '../output/print.ts';
import { aboutStore, atOption, collect, count, jsonOption, relativeOption, wholeOption } from './options.ts';

/** Commands that show what is in a store, and what was. */
export function addLooking(program: Command, world: World): void {
  addLog(program, world);
  addHistory(program, world);
  addTree(program, world);
  addStat(program, world);
  addLs(program, world);
  addStats(program, world);
  addDiff(program, world);
}

function addLog(program: Command, world: World): void {
  aboutStore(program, 'log [key]', 'show the events of the store, or of one key')
    .addOption(jsonOption('one event a line, whole'))
    .option('--key <key>', 'the same as the argument')
    .option('--namespace <name>', 'only what concerns this namespace of containerd')
    .option('--from <position>', 'begin at this position', count)
    .option('--since <time>', 'not earlier: 2026-11-24, 2026-11-24T18:30:00Z, "2h ago", 10m')
    .option('--until <time>', 'not later than this time')
    .option('--type <type>', 'only these types of events, separated by commas (can be repeated)', collect)
    .option('-n, --lines <count>', 'only the newest so many', count)
    .option('-f, --follow', 'go on with what is appended')
    .addOption(relativeOption())
    .addOption(wholeOption())
    .action(async (key: string | undefined, options: LogOptions) => {
      const { log } = await import('../commands/log.ts');
      await log(key, options, world, print);
    });
}

function addHistory(program: Command, world: World): void {
  aboutStore(
    program,
    'history <key>',
    'show the whole life of a snapshot, living or removed, by its key, name or number',
  )
    .addOption(jsonOption('one snapshot a line, with its events'))
    .addOption(relativeOption())
    .addOption(wholeOption())
    .action(async (key: string, options: HistoryOptions) => {
      const { history } = await import('../commands/history.ts');
      await history(key, options, world, print);
    });
}

function addTree(program: Command, world: World): void {
  aboutStore(program, 'tree', 'show the living snapshots below their parents')
    .addOption(atOption())
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (options: TreeOptions) => {
      const { tree } = await import('../commands/tree.ts');
      await tree(options, world, print);
    });
}

function addStat(program: Command, world: World): void {
  aboutStore(program, 'stat <key>', 'show one living snapshot; its key may be cut short')
    .addOption(atOption())
    .addOption(jsonOption('one object'))
    .action(async (key: string, options: StatOptions) => {
      const { stat } = await import('../commands/stat.ts');
      await stat(key, options, world, print);
    });
}

function addLs(program: Command, world: World): void {
  aboutStore(program, 'ls [filter...]', "list the living snapshots, or those that any of containerd's filters takes")
    .addOption(atOption())
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (filters: readonly string[], options: LsOptions) => {
      const { ls } = await import('../commands/ls.ts');
      await ls(filters, options, world, print);
    });
}

function addStats(program: Command, world: World): void {
  aboutStore(program, 'stats', 'count snapshots and bytes by namespace, kind and age, and measure the log')
    .addOption(atOption())
    .addOption(jsonOption('one object'))
    .action(async (options: StatsOptions) => {
      const { stats } = await import('../commands/stats.ts');
      await stats(options, world, print);
    });
}

function addDiff(program: Command, world: World): void {
  aboutStore(program, 'diff <from> [to]', 'show what appeared, vanished and changed between two positions or times')
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (from: string, to: string | undefined, options: DiffOptions) => {
      const { diff } = await import('../commands/diff.ts');
      await diff(from, to, options, world, print);
    });
}
