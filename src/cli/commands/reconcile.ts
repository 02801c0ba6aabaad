import type { Command } from 'commander';
import * as t from 'io-ts';
import { ActionRow } from '../../app/queries/query.ts';
import type { Action } from '../../app/reconcile/action.ts';
import { actionRow, type Described } from '../../app/reconcile/action.ts';
import { loadConfig } from '../../config/load-config.ts';
import { askHolder } from '../ask-daemon.ts';
import type { CliDeps } from '../cli-deps.ts';
import { jsonOption, storeCommand } from '../options.ts';
import { type Print, print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { plain } from '../output/text.ts';
import { loadStore, type RootOptions, storeRoot } from '../store-files.ts';
import { compare } from '../verify/check-disk.ts';

interface ReconcileOptions extends RootOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addReconcile(program: Command, deps: CliDeps): void {
  storeCommand(program, 'reconcile', 'make the disk match the log')
    .option('--dry-run', 'show what would be done and change nothing')
    .addOption(jsonOption('one action a line'))
    .action(async (options: ReconcileOptions) => reconcile(options, deps, print));
}

/** Makes the disk match the log and prints what was done: by a running daemon, otherwise here under the lock. */
export async function reconcile(options: ReconcileOptions, deps: CliDeps, print: Print): Promise<void> {
  const dryRun = options.dryRun === true;
  const path = `/reconcile?dry-run=${dryRun ? 1 : 0}`;
  const asked = await askHolder(storeRoot(options), path, t.readonlyArray(ActionRow));
  const actions = (asked ?? (await reconcileHere(options, deps))).map(actionRow);
  if (options.json === true) print(actions.map((action) => JSON.stringify(action)));
  else print(planLines(actions, dryRun));
}

/** On a stopped store. A dry run needs no lock, because it only reads. */
async function reconcileHere(options: ReconcileOptions, deps: CliDeps): Promise<readonly Action[]> {
  const state = await loadStore(options, deps);
  const { driver } = state.storeInfo;
  const { createLogger } = await import('../../observe/create-logger.ts');
  const config = loadConfig({ file: options.config, flags: { root: options.root, driver } });
  return options.dryRun === true
    ? (await compare(state, await deps.openScan(config.root, driver))).actions
    : await deps.reconcileStopped(config, createLogger('warn'));
}

/** The plan as a table, or one line for nothing to do. */
export function planLines(actions: readonly Described[], dryRun: boolean): readonly string[] {
  if (actions.length === 0) return ['nothing to do: the disk matches the log'];
  const table = createTable([
    { title: 'ACTION' },
    { title: 'ID', align: 'right' },
    { title: 'ABOUT' },
    { title: 'WHY' },
  ]);
  const rows = actions.map(({ type, id, path, key, why }) => [
    type,
    id === undefined ? '' : String(id),
    plain(key ?? path ?? ''),
    plain(why),
  ]);
  const count = `${actions.length} ${actions.length === 1 ? 'action' : 'actions'}`;
  return [...table.lines(rows), dryRun ? `${count} to do; nothing was changed` : `${count} done`];
}
