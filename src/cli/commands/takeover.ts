import { realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { runtimeSnapshotters } from '../../app/doctor/containerd-settings.ts';
import { readContainerdFiles } from '../../config/containerd/read-files.ts';
import { loadConfig } from '../../config/load-config.ts';
import { Fault } from '../../ports/fault.ts';
import type { CliDeps } from '../cli-deps.ts';
import { configOption, jsonOption, path, rootOption } from '../options.ts';
import { print } from '../output/print.ts';
import { fieldLines } from '../output/table.ts';
import { plain, sizeText } from '../output/text.ts';
import type { RootOptions } from '../store-files.ts';
import type { GivebackReport, SwitchOptions, TakeoverReport } from '../switch-reports.ts';

const overlayfs = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs';

interface Options extends RootOptions {
  readonly from?: string;
  readonly driver?: string;
  readonly containerdRoot?: string;
  readonly snapshotter?: string;
  readonly main?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `takeover` and `giveback`: a root passes from containerd's overlay snapshotter to snapledger, and back. */
export function addSwitch(program: Command, deps: CliDeps): void {
  withSwitchOptions(
    program
      .command('takeover')
      .description("make a store of the root of containerd's own snapshotter; containerd must be stopped")
      .option('--root <dir>', `root of overlayfs, which becomes the store in place (default: "${overlayfs}")`, path)
      .option(
        '--from <dir>',
        'root of btrfs or native, which stays as it is: the store is made in --root, a new one',
        path,
      )
      .option('--driver <name>', 'with --from: overlay or btrfs; default: btrfs from btrfs, else overlay')
      .option('--main <file>', "containerd's main file", path, '/etc/containerd/config.toml'),
  ).action(async (options: Options) => {
    const { from, root = overlayfs } = options;
    const report = await (from === undefined
      ? deps.takeOver(existing(root), switchOptions(root, options))
      : importFrom(deps, from, options));
    const { main = '', snapshotter = 'overlayfs', json } = options;
    if (json === true) return print([takeoverJson(report)]);
    print([...takeoverLines(report), ...(from === undefined ? runtimeLines(main, snapshotter) : [])]);
  });
  withSwitchOptions(
    program
      .command('giveback')
      .description("make a root of containerd's overlayfs of a stopped store, in place; containerd must be stopped")
      .addOption(rootOption())
      .addOption(configOption()),
  ).action(async (options: Options) => {
    const { root } = loadConfig({ file: options.config, flags: { root: options.root } });
    const report = await deps.giveBack(existing(root), switchOptions(root, options));
    print(options.json === true ? [givebackJson(report)] : givebackLines(report));
  });
}

async function importFrom(deps: CliDeps, from: string, options: Options): Promise<TakeoverReport> {
  const { root, driver, snapshotter = basename(from).replace(/^io\.containerd\.snapshotter\.v1\./, '') } = options;
  if (root === undefined)
    throw new Fault('misuse', 'takeover --from: no root of the new store is named', {
      hint: 'name an empty directory, or one that does not exist yet, with --root',
    });
  return deps.importContainerd(root, {
    ...switchOptions(from, { ...options, snapshotter }),
    from: existing(from),
    driver,
  });
}

const withSwitchOptions = (command: Command): Command =>
  command
    .option(
      '--containerd-root <dir>',
      "`root` in containerd's configuration; default: the directory above the root",
      path,
    )
    .option(
      '--snapshotter <name>',
      "containerd's name of its own snapshotter; default: overlayfs, or as in the name of the directory --from",
    )
    .option('--dry-run', 'show the plan, and change nothing')
    .addOption(jsonOption('one object'));

/** A root that is a link is still below containerd's by its own path. */
const switchOptions = (
  root: string,
  { containerdRoot = dirname(resolve(root)), snapshotter = 'overlayfs', dryRun = false }: Options,
): SwitchOptions => ({
  ...{ containerdRoot, snapshotter, dryRun },
});

/** The root without symbolic links. */
function existing(root: string): string {
  try {
    return realpathSync(resolve(root));
  } catch (error) {
    throw new Fault('misuse', `${root}: ${(error as Error).message}`, {
      hint: 'name the root with --root',
      cause: error,
    });
  }
}

const takeoverJson = ({ bytes, lastId, ...report }: TakeoverReport) =>
  JSON.stringify({ ...report, bytes: String(bytes), lastId: String(lastId) });

const givebackJson = ({ bytes, retainedBytes, ...report }: GivebackReport) =>
  JSON.stringify({ ...report, bytes: String(bytes), retainedBytes: String(retainedBytes) });

/** How many odd entries are shown; `--json` has all of them. */
const shown = 20;

export function takeoverLines(report: TakeoverReport): readonly string[] {
  const { root, from, store, done, sha256, odd } = report;
  if (done === 'already') return [`${root}: holds store ${store} already; nothing was changed`];
  const named = odd.slice(0, shown).map((one) => `  ${plain(one.path)}: ${one.what}`);
  const rest = odd.length - named.length;
  const planned = done === 'planned';
  return [
    ...fieldLines([
      ['root', root],
      ...(from === undefined ? [] : [['copied from', from] as const]),
      ...(store === '' ? [] : [['store', store] as const]),
      // What an interrupted run counted is not known any more.
      ...(sha256 === '' ? [] : countsOf(report)),
      ...(sha256 === '' ? [] : [['metadata.db', `sha256 ${sha256}`] as const]),
      ...(odd.length === 0 ? [] : [['odd', String(odd.length)] as const]),
    ]),
    ...named,
    ...(rest > 0 ? [`  and ${rest} more: --json shows all`] : []),
    planned
      ? 'this is what would be done; nothing was changed'
      : `${done === 'resumed' ? 'the interrupted takeover was finished' : 'taken over'}: start snapledger on this root, then containerd with the plugin: snapledger containerd-config${from === undefined ? ' --takeover' : ''}`,
  ];
}

/** What CRI's configuration needs besides: a runtime may name the snapshotter that is gone. */
function runtimeLines(main: string, gone: string): readonly string[] {
  const tables = readContainerdFiles(main).files.map((file) => file.tables);
  return [...runtimeSnapshotters(tables, 2)]
    .filter(([, snapshotter]) => snapshotter === gone)
    .map(
      ([runtime]) =>
        `${main}: CRI's runtime ${runtime} has the snapshotter ${gone}: remove it from the runtime's table, or its pods do not start`,
    );
}

export function givebackLines(report: GivebackReport): readonly string[] {
  const { root, done, retained, retainedBytes, aside, kept } = report;
  if (done === 'already') return [`${root}: is containerd's already; nothing was changed`];
  const counts =
    done === 'resumed'
      ? []
      : ([
          ...countsOf(report),
          ['retained', `${retained}, ${sizeText(retainedBytes)}: set aside, containerd can't use them`],
          ['set aside', `${aside} entries of snapshots/, the log and all else that is snapledger's`],
        ] as const);
  return [
    ...fieldLines([
      ['root', root],
      ...counts,
      ...(kept === '' ? [] : [['kept in', `${root}/${kept}: delete it to free its space`] as const]),
    ]),
    done === 'planned'
      ? 'this is what would be done; nothing was changed'
      : 'given back: remove the plugin from the configuration of containerd, then start it',
  ];
}

const countsOf = ({ committed, actives, views, bytes, renamed }: TakeoverReport | GivebackReport) =>
  [
    ['snapshots', `${committed} committed, ${sizeText(bytes)}; ${actives} active, ${views} views`],
    ['containerd', `${renamed.snapshots} snapshots and ${renamed.containers} containers get the new name`],
  ] as const;
