import { Command, InvalidArgumentError, Option } from 'commander';
import type { ContainerdConfigOptions } from './commands/containerd-config.ts';
import type { LogOptions } from './commands/log.ts';
import type { ReconcileOptions } from './commands/reconcile.ts';
import type { RepairOptions } from './commands/repair.ts';
import type { RestoreOptions } from './commands/restore.ts';
import type { ServeOptions } from './commands/serve.ts';
import type { StatOptions } from './commands/stat.ts';
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
  addTree(program, world);
  addStat(program, world);
  addVerify(program, world);
  addReconcile(program, world);
  addWhy(program, world);
  addRestore(program, world);
  addRepair(program, world);
  addContainerdConfig(program);
  return program;
}

const configOption = () => new Option('--config <file>', 'settings file (TOML)');
const rootOption = () => new Option('--root <dir>', 'root of the store');
const wholeOption = () => new Option('--whole', 'digests in full');
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
    .option('--from <position>', 'begin at this position', count)
    .option('--type <type>', 'only this type of event (can be repeated)', collect)
    .option('-n, --lines <count>', 'only the newest so many', count)
    .option('-f, --follow', 'go on with what is appended')
    .addOption(wholeOption())
    .action(async (key: string | undefined, options: LogOptions) => {
      const { log } = await import('./commands/log.ts');
      await log(key, options, world, print);
    });
}

function addTree(program: Command, world: World): void {
  aboutStore(program, 'tree', 'show the living snapshots below their parents')
    .addOption(jsonOption('one snapshot a line'))
    .addOption(wholeOption())
    .action(async (options: TreeOptions) => {
      const { tree } = await import('./commands/tree.ts');
      await tree(options, world, print);
    });
}

function addStat(program: Command, world: World): void {
  aboutStore(program, 'stat <key>', 'show one living snapshot; its key may be cut short')
    .addOption(jsonOption('one object'))
    .action(async (key: string, options: StatOptions) => {
      const { stat } = await import('./commands/stat.ts');
      await stat(key, options, world, print);
    });
}

function addVerify(program: Command, world: World): void {
  aboutStore(program, 'verify', 'check log, projections, parents and disk; exit status 0, 1 (findings), 3 (damage)')
    .addOption(jsonOption('one snapshot or directory a line, and at the end one object with every step'))
    .option('--all', 'tell of every snapshot and directory what it is and why')
    .action(async (options: VerifyOptions) => {
      const { verify } = await import('./commands/verify.ts');
      process.exitCode = await verify(options, world, print);
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

function count(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return number;
}

const collect = (type: string, earlier: readonly string[] = []) => [...earlier, type];
