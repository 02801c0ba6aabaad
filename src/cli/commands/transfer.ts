import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load-config.ts';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand } from '../options.ts';
import { print } from '../output/print.ts';
import { fieldLines } from '../output/table.ts';
import { plain, sizeText } from '../output/text.ts';
import { type RootOptions, storeRoot } from '../store-files.ts';
import type { TransferReport } from '../store-reports.ts';

interface ExportOptions extends RootOptions {
  readonly volumes?: boolean;
  readonly json?: boolean;
}

interface ImportOptions extends RootOptions {
  readonly driver?: string;
  readonly json?: boolean;
}

export function addTransfer(program: Command, deps: CliDeps): void {
  storeCommand(program, 'export <file>', 'write a store as one file: its log and checkpoints')
    .option('--volumes', 'also its layers; no daemon may be running')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ExportOptions) => {
      const report = await deps.exportStore(storeRoot(options), resolve(file), options.volumes === true);
      print(transferLines(report, options.json));
    });
  storeCommand(program, 'import <file>', 'create a store from an export, in an empty root')
    .option('--driver <name>', 'overlay or btrfs; default the one that it had')
    .addOption(jsonOption('one object'))
    .action(async (file: string, options: ImportOptions) => {
      const { root } = loadConfig({ file: options.config, flags: { root: options.root } });
      print(transferLines(await deps.importStore(root, resolve(file), options.driver), options.json));
    });
}

/** How many left-out entries are shown; `--json` has all of them. */
const shown = 20;

function transferLines(report: TransferReport, json?: boolean): readonly string[] {
  const { file, root, store, driver, position, volumes, bytes, leftOut } = report;
  if (json === true) {
    const sockets = leftOut.map(({ snapshot, path }) => ({ snapshot: String(snapshot), path }));
    return [
      JSON.stringify({
        ...{ file, root, store, driver, position: String(position), volumes, bytes: String(bytes) },
        leftOut: sockets,
      }),
    ];
  }
  const named = leftOut.slice(0, shown).map(({ snapshot, path }) => `  snapshot ${snapshot}: ${plain(path)}`);
  const rest = leftOut.length - named.length;
  const fields = fieldLines([
    ['file', bytes === 0 ? file : `${file}, ${sizeText(bytes)}`],
    ['root', root],
    ['store', store],
    ['driver', driver],
    ['position', String(position)],
    ['holds', volumes ? 'log, checkpoints and layers' : 'log and checkpoints: a daemon will declare its layers lost'],
    ...(leftOut.length === 0 ? [] : [['left out', `sockets: ${leftOut.length}`] as const]),
  ]);
  return [...fields, ...named, ...(rest > 0 ? [`  and ${rest} more: --json shows all`] : [])];
}
