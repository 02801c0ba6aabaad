import { join } from 'node:path';
import type { Snapshot } from '../../projections/snapshot.ts';
import { heldBy, readIdentity, writeHolder } from '../adapters/system/root/root-directory.ts';
import { createSystem } from '../adapters/system/system.ts';
import type { Action } from '../app/reconcile/action.ts';
import { type OpenOptions, openStore } from '../compose/open-store.ts';
import type { OpenStore } from '../compose/start-store.ts';
import { createTools } from '../compose/tools.ts';
import type { Config } from '../config/config.ts';
import type { Answer } from '../domain/commands.ts';
import type { Logger } from '../ports/logger.ts';

/** Makes the store of a root that holds none, and closes it. If the root holds one, its id is the answer. */
export async function initStore(config: Config, logger: Logger): Promise<{ store: string; created: boolean }> {
  const identity = readIdentity(config.root);
  if (identity !== undefined) return { store: identity.store, created: false };
  const create = { ...config, existing: false };
  return withStore(create, logger, {}, 'initialised', async ({ store }) => ({ store, created: true }));
}

/** Reconciles a store that no daemon serves, and answers what was done. Rejects with a Fault (`busy`) while one does. */
export function reconcileStopped(config: Config, logger: Logger): Promise<readonly Action[]> {
  return withStore(config, logger, { thorough: true }, 'reconciled', async ({ actions }) => actions);
}

/** Restores a retained layer of a store that no daemon serves. Rejects with a Fault (`busy`) while one does. */
export function restoreStopped(config: Config, name: string, logger: Logger): Promise<Answer<readonly Snapshot[]>> {
  return withStore(config, logger, {}, 'restored', ({ service }) => service.restore(name));
}

/** Opens a store, uses it, and closes it with a reason. */
async function withStore<T>(
  config: Config,
  logger: Logger,
  options: OpenOptions,
  reason: string,
  use: (store: OpenStore) => Promise<T>,
): Promise<T> {
  const tools = createTools(logger);
  try {
    const store = await openStore(config, tools, options);
    try {
      return await use(store);
    } finally {
      await store.close(reason);
    }
  } finally {
    tools.metrics.close();
  }
}

/**
 * Works on the files of a root under its lock, in which `holder` names the work; undefined leaves the lock's text as it is. Rejects
 * with a Fault (`busy`) while a daemon runs.
 */
export async function withRootLock<T>(root: string, holder: string | undefined, work: () => Promise<T>): Promise<T> {
  const lock = await createSystem().lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  try {
    if (holder !== undefined)
      writeHolder(root, { pid: process.pid, address: holder, http: holder, since: new Date().toISOString() });
    return await work();
  } finally {
    await lock.release();
  }
}
