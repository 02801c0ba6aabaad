import { resolve } from 'node:path';
import { loadConfig } from '../../config/load-config.ts';
import type { TransferReport, World } from '../cli-deps.ts';
import { fieldLines } from '../output/fields.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface ExportOptions extends RootOptions {
  readonly volumes?: boolean;
  readonly json?: boolean;
}

export interface ImportOptions extends RootOptions {
  readonly driver?: string;
  readonly json?: boolean;
}

/** Writes a store as one file. */
export async function exportStore(file: string, options: ExportOptions, world: World, print: Print): Promise<void> {
  const report = await world.exportStore(storeRoot(options), resolve(file), options.volumes === true);
  print(lines(report, options.json));
}

/** Makes a store of such a file, in a root that is empty. */
export async function importStore(file: string, options: ImportOptions, world: World, print: Print): Promise<void> {
  const { root } = loadConfig({ file: options.config, flags: { root: options.root } });
  print(lines(await world.importStore(root, resolve(file), options.driver), options.json));
}

/** How many of what was left out are shown to a person; `--json` has all of them. */
const shown = 20;

function lines(report: TransferReport, json?: boolean): readonly string[] {
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
