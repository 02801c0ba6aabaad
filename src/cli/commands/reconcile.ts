import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { actionRow, type Described } from '../../app/reconcile/action.ts';
import { loadConfig } from '../../config/load-config.ts';
import { createLogger } from '../../observe/create-logger.ts';
import { Fault } from '../../ports/fault.ts';
import { askDaemon } from '../ask-daemon.ts';
import type { World } from '../cli-deps.ts';
import { holderOf } from '../holder.ts';
import { look } from '../inspect-layer.ts';
import { loadStore } from '../load-store.ts';
import { plain } from '../output/plain.ts';
import type { Print } from '../output/print.ts';
import { createTable } from '../output/table.ts';
import { type RootOptions, storeRoot } from '../store-root.ts';

export interface ReconcileOptions extends RootOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Brings the disk to what the log says and prints what was done: by the daemon where one runs, else here under the lock. */
export async function reconcile(options: ReconcileOptions, world: World, print: Print): Promise<void> {
  const dryRun = options.dryRun === true;
  const actions = (await askHolder(storeRoot(options), dryRun)) ?? (await reconcileHere(options, world));
  if (options.json === true) print(actions.map((action) => JSON.stringify(action)));
  else print(planLines(actions, dryRun));
}

async function askHolder(root: string, dryRun: boolean): Promise<readonly Described[] | undefined> {
  const holder = holderOf(root);
  if (holder === undefined) return undefined;
  const answer = await askDaemon(holder.http, 'POST', `/reconcile?dry-run=${dryRun ? 1 : 0}`);
  if (answer === undefined) return undefined;
  const actions = answer.status === 200 ? Actions.decode(parsed(answer.body)) : undefined;
  if (actions !== undefined && either.isRight(actions)) return actions.right;
  throw new Fault('io', `the daemon (pid ${holder.pid}) refused: ${answer.body.trim()}`, {
    hint: 'look at the log of the daemon',
  });
}

const Actions = t.readonlyArray(
  t.intersection([
    t.type({ type: t.string, why: t.string }),
    t.partial({ id: t.number, path: t.string, key: t.string }),
  ]),
);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On a stopped store. A dry run needs no lock: it only reads. */
async function reconcileHere(options: ReconcileOptions, world: World): Promise<readonly Described[]> {
  const state = await loadStore(options, world);
  const { driver } = state.storeInfo;
  const config = loadConfig({ file: options.config, flags: { root: options.root, driver } });
  const actions =
    options.dryRun === true
      ? (await look(state, await world.openScan(config.root, driver))).actions
      : await world.reconcileStopped(config, createLogger('warn'));
  return actions.map(actionRow);
}

/** The plan as a table, or one line where there is nothing to do. */
export function planLines(actions: readonly Described[], dryRun: boolean): readonly string[] {
  if (actions.length === 0) return ['nothing to do: the disk is what the log says'];
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
