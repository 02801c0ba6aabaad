import { Command, InvalidArgumentError, Option } from 'commander';
import { Fault } from '../ports/fault.ts';
import type { AnchorOptions } from './commands/anchor.ts';
import type { ArchiveOptions } from './commands/archive.ts';
import type { BlameOptions } from './commands/blame.ts';
import type { ContainerdConfigOptions } from './commands/containerd-config.ts';
import type { DiffOptions } from './commands/diff.ts';
import type { HistoryOptions } from './commands/history.ts';
import type { LogOptions } from './commands/log.ts';
import type { LsOptions } from './commands/ls.ts';
import type { ReconcileOptions } from './commands/reconcile.ts';
import type { RepairOptions } from './commands/repair.ts';
import type { RestoreOptions } from './commands/restore.ts';
import type { ServeOptions } from './commands/serve.ts';
import type { StatOptions } from './commands/stat.ts';
import type { StatsOptions } from './commands/stats.ts';
import type { ExportOptions, ImportOptions } from './commands/transfer.ts';
import type { TreeOptions } from './commands/tree.ts';
import type { VerifyOptions } from './commands/verify.ts';
import type { WhyOptions } from './commands/why.ts';
import { print } from './output/print.ts';
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
  addServe(program, world);
  addLog(program, world);
  addHistory(program, world);
  addTree(program, world);
  addStat(program, world);
  addLs(program, world);
  addStats(program, world);
  addDiff(program, world);
  addVerify(program, world);
  addBlame(program, world);
  addAnchor(program, world);
  addArchive(program, world);
  addExport(program, world);
  addImport(program, world);
  addReconcile(program, world);
  addWhy(program, world);
  addRestore(program, world);
  addRepair(program, world);
  addContainerdConfig(program);
  addCompletion(program);
  addMan(program);
  return program;
}

const configOption = () => new Option('--config <file>', 'settings file (TOML)');
const rootOption = () => new Option('--root <dir>', 'root of the store');
const wholeOption = () => new Option('--whole', 'digests in full');
const atOption = () =>
  new Option('--at <moment>', 'as it was at a position of the log or a time: 4711, 2026-11-24T18:30:00Z, "2h ago"');
const relativeOption = () => new Option('--relative', 'how long ago instead of when');
const jsonOption = (what: string) => new Option('--json', what);

/** A command that reads a store, whether its daemon runs or not. */
const aboutStore = (program: Command, usage: string, description: string) =>
  program.command(usage).description(description).addOption(rootOption()).addOption(configOption());

function addServe(program: Command, world: World): void {
  program
    .command('serve')
    .description('run the daemon in the foreground')
    .addOption(configOption())
    .addOption(rootOption())
    .option('--address <socket>', 'unix socket that containerd dials')
    .option('--http-address <socket>', 'unix socket of metrics, health, events and reconcile')
    .option('--http-listen <address>', 'the same on loopback TCP, as 127.0.0.1:7475 (off unless said)')
    .option('--http-token-file <file>', 'the bearer token that loopback TCP asks for')
    .option('--driver <name>', 'overlay, btrfs or memory')
    .option('--log <url>', 'keep the log in a cluster of KurrentDB, not in the root: kurrentdb://host:port')
    .option('--forward <url>', 'send a copy of every event to a cluster of KurrentDB')
    .option('--durability <when>', "commit: a layer's data is flushed before its commit is answered; background: after")
    .option('--removal <how>', 'background: volumes are purged after Remove was answered; sync: before')
    .option('--no-retention', 'purge removed layers at once')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(async (options: ServeOptions) => {
      const { serve } = await import('./commands/serve.ts');
      process.exitCode = await serve(options, world);
    });
}

function addLog(program: Command, world: World): void {
  aboutStore(program, 'log [key]', 'show the events of the store, or of one key')
    .addOption(jsonOption('one event a line, whole'))
    .option('--key <key>', 'the same as the argument')
    .option('--namespace <name>', 'only what concerns this namespace of containerd')
    .option('--from <position>', 'begin at this position', count)
    .option('--since <time>', 'not earlier: 2026-11-24, 2026-11-24T18:30:00Z, "2h ago", 10m')
    .option('--until <time>', 'not later than this time')
    .option('--type <type>', 'only this type of event (can be repeated)', collect)
    .option('-n, --lines <count>', 'only the newest so many', count)
    .option('-f, --follow', 'go on with what is appended')
    .addOption(relativeOption())
    .addOption(wholeOption())
    .action(async (key: string | undefined, options: LogOptions) => {
      const { log } = await import('./commands/log.ts');
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
      const { history } = await import('./commands/history.ts');
      await history(key, options, world, print);
    });
}

function addTree(program: Command, world: World): void {
  aboutStore(program, 'tree', 'show the living snapshots below their parents')
    .addOption(atOption())
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (options: TreeOptions) => {
      const { tree } = await import('./commands/tree.ts');
      await tree(options, world, print);
    });
}

function addStat(program: Command, world: World): void {
  aboutStore(program, 'stat <key>', 'show one living snapshot; its key may be cut short')
    .addOption(atOption())
    .addOption(jsonOption('one object'))
    .action(async (key: string, options: StatOptions) => {
      const { stat } = await import('./commands/stat.ts');
      await stat(key, options, world, print);
    });
}

function addLs(program: Command, world: World): void {
  aboutStore(program, 'ls [filter...]', "list the living snapshots, or those that any of containerd's filters takes")
    .addOption(atOption())
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (filters: readonly string[], options: LsOptions) => {
      const { ls } = await import('./commands/ls.ts');
      await ls(filters, options, world, print);
    });
}

function addStats(program: Command, world: World): void {
  aboutStore(program, 'stats', 'count snapshots and bytes by namespace, kind and age, and measure the log')
    .addOption(atOption())
    .addOption(jsonOption('one object'))
    .action(async (options: StatsOptions) => {
      const { stats } = await import('./commands/stats.ts');
      await stats(options, world, print);
    });
}

function addDiff(program: Command, world: World): void {
  aboutStore(program, 'diff <from> [to]', 'show what appeared, vanished and changed between two positions or times')
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (from: string, to: string | undefined, options: DiffOptions) => {
      const { diff } = await import('./commands/diff.ts');
      await diff(from, to, options, world, print);
    });
}

function addVerify(program: Command, world: World): void {
  aboutStore(program, 'verify', 'check log, projections, parents and disk; exit status 0, 1 (findings), 3 (damage)')
    .addOption(jsonOption('one snapshot or directory a line, and at the end one object with every step'))
    .option('--all', 'tell of every snapshot and directory what it is and why')
    .option(
      '--anchor <anchor>',
      'the log must contain this line of `anchor`, or those in @FILE (can be repeated)',
      collect,
    )
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('./commands/verify.ts');
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
      const { blame } = await import('./commands/blame.ts');
      await blame(key, path, options, world, print);
    });
}

function addAnchor(program: Command, world: World): void {
  aboutStore(program, 'anchor', "print the head of the log's hash chain, to be kept elsewhere for `verify --anchor`")
    .addOption(jsonOption('one object'))
    .action(async (options: AnchorOptions) => {
      const { anchor } = await import('./commands/anchor.ts');
      await anchor(options, world, print);
    });
}

function addArchive(program: Command, world: World): void {
  aboutStore(
    program,
    'archive',
    'compress the segments of the log before the newest checkpoint; history still reads them',
  )
    .option('--dry-run', 'show which, and change nothing')
    .addOption(jsonOption('one segment a line'))
    .action(async (options: ArchiveOptions) => {
      const { archive } = await import('./commands/archive.ts');
      await archive(options, world, print);
    });
}

function addExport(program: Command, world: World): void {
  aboutStore(program, 'export <file>', 'write a store as one file: its log and checkpoints')
    .option('--volumes', 'and its layers; no daemon may be at work')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ExportOptions) => {
      const { exportStore } = await import('./commands/transfer.ts');
      await exportStore(file, options, world, print);
    });
}

function addImport(program: Command, world: World): void {
  aboutStore(program, 'import <file>', 'make a store of an export, in a root that is empty')
    .option('--driver <name>', 'overlay or btrfs; the one that it had unless said')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ImportOptions) => {
      const { importStore } = await import('./commands/transfer.ts');
      await importStore(file, options, world, print);
    });
}

function addReconcile(program: Command, world: World): void {
  aboutStore(program, 'reconcile', 'make the disk agree with the log')
    .option('--dry-run', 'show what would be done and change nothing')
    .addOption(jsonOption('one action a line'))
    .action(async (options: ReconcileOptions) => {
      const { reconcile } = await import('./commands/reconcile.ts');
      await reconcile(options, world, print);
    });
}

function addWhy(program: Command, world: World): void {
  aboutStore(program, 'why <key>', 'say why a snapshot is there or not: its key, name or number, living or removed')
    .addOption(jsonOption('one object'))
    .action(async (key: string, options: WhyOptions) => {
      const { why } = await import('./commands/why.ts');
      await why(key, options, world, print);
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
      const { restore } = await import('./commands/restore.ts');
      await restore(name, options, world, print);
    });
}

function addRepair(program: Command, world: World): void {
  aboutStore(program, 'repair', 'make a damaged log of a stopped store whole again; what it had is kept aside')
    .option('--dry-run', 'show what is lost and what would be done, and change nothing')
    .addOption(jsonOption('one object'))
    .action(async (options: RepairOptions) => {
      const { repair } = await import('./commands/repair.ts');
      await repair(options, world, print);
    });
}

function addContainerdConfig(program: Command): void {
  program
    .command('containerd-config')
    .description("print what containerd's configuration needs")
    .addOption(configOption())
    .option('--address <socket>', 'unix socket that containerd dials')
    .option('--cri', 'also make it the default for Kubernetes')
    .action(async (options: ContainerdConfigOptions) => {
      const { containerdConfig } = await import('./commands/containerd-config.ts');
      await containerdConfig(options, print);
    });
}

function addCompletion(program: Command): void {
  program
    .command('completion <shell>')
    .description('print the completion script for bash, zsh or fish')
    .action(async (shell: string) => {
      const { completionFor, shells } = await import('./output/completion.ts');
      const { commandTree } = await import('./output/command-tree.ts');
      const known = shells.find((one) => one === shell);
      if (known === undefined)
        throw new Fault('misuse', `completion: no shell ${shell} is known`, { hint: `there are ${shells.join(', ')}` });
      print(completionFor(known, commandTree(program)));
    });
}

function addMan(program: Command): void {
  program
    .command('man')
    .description('print the man page')
    .action(async () => {
      const { manPage } = await import('./output/man-page.ts');
      const { commandTree } = await import('./output/command-tree.ts');
      print(manPage(program.description(), version(), commandTree(program)));
    });
}

function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return number;
}

const collect = (type: string, earlier: readonly string[] = []) => [...earlier, type];
