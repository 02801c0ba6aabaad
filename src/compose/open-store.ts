import { join } from 'node:path';
import { createFileCheckpointStore } from '../adapters/checkpoint-store/file.ts';
import {
  expectStore,
  heldBy,
  type Identity,
  prepareRoot,
  readIdentity,
  writeHolder,
  writeIdentity,
} from '../adapters/system/root/root-directory.ts';
import { createRootGuard } from '../adapters/system/root/root-guard.ts';
import { guardBallast } from '../app/guarded.ts';
import { loadState } from '../app/recovery/load-state.ts';
import { checkDriver } from '../app/recovery/recover.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../observe/create-metrics.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Failpoint } from '../ports/failpoints.ts';
import type { Logger } from '../ports/logger.ts';
import type { System } from '../ports/system.ts';
import { createDriver, createRootBallast } from './create-driver.ts';
import { type LogTools, openLog } from './open-log.ts';
import { type GuardedTools, type LockedStore, type OpenStore, startStore, type Volumes } from './start-store.ts';

/** What a store is opened with. */
export interface Tools {
  readonly system: System;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
  /** Looks into every volume before the store opens, even where it was left in order. */
  readonly thorough?: boolean;
  /** Takes the store over where another root has served it. */
  readonly takeOver?: boolean;
}

/** Takes the root's lock and holds it until `close`, or lets go where the store does not open. */
export async function openStore(config: Config, tools: Tools): Promise<OpenStore> {
  const { root, existing, address, httpAddress } = config;
  if (existing) expectStore(root);
  prepareRoot(root);
  const guard = createRootGuard(root);
  const lock = await tools.system.lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  const letGo = async () => {
    await lock.release();
    guard.close();
  };
  writeHolder(root, { pid: process.pid, address, http: httpAddress, since: new Date().toISOString() });
  try {
    const store = await openLocked(config, { ...tools, guard });
    return {
      ...store,
      close: async (reason) => {
        // What a stop could not wait for may still touch the root: then the lock goes with the process.
        if (await store.close(reason)) await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}

async function openLocked(config: Config, given: Omit<GuardedTools, 'ballast'>): Promise<LockedStore> {
  const ballast = createRootBallast(config.root, given);
  const tools: GuardedTools = { ...given, ballast: ballast && guardBallast(given.guard, ballast) };
  const identity = readIdentity(config.root);
  if (identity === undefined) return openLogged(config, tools, identity, () => openVolumes(config, tools));
  checkDriver(identity.driver, config.driver);
  // The volumes of a known root are looked at while the log is read.
  const volumes = openVolumes(config, tools);
  // What fails there is told when the volumes are needed.
  volumes.catch(() => {});
  try {
    return await openLogged(config, tools, identity, () => volumes);
  } catch (error) {
    const opened = await volumes.catch(() => undefined);
    opened?.survey?.abandon();
    await opened?.driver.close();
    throw error;
  }
}

async function openVolumes(config: Config, tools: LogTools): Promise<Volumes> {
  const driver = await createDriver(config, tools);
  return { driver, survey: tools.thorough === true ? undefined : driver.survey?.() };
}

async function openLogged(
  config: Config,
  tools: GuardedTools,
  identity: Identity | undefined,
  volumes: () => Promise<Volumes>,
): Promise<LockedStore> {
  const checkpoints = createFileCheckpointStore({
    directory: join(config.root, 'checkpoints'),
    bases: join(config.root, 'log'),
    failpoint: tools.failpoint,
  });
  checkpoints.expect();
  const { log, store, url } = await openLog(config, identity, tools);
  try {
    // After an orderly end the numbers alone may do, and the rest would only hold up the replay.
    if (identity !== undefined && !(await wasLeftInOrder(log)))
      volumes()
        .then(({ survey }) => survey?.found())
        // What fails is told when the volumes are needed, and no sooner: a damaged log counts more.
        .catch(() => {});
    const loaded = await loadState(log, checkpoints, tools.logger);
    checkDriver(loaded.state.storeInfo.driver, config.driver);
    if (identity === undefined || identity.log !== url)
      await writeIdentity(config.root, identityOf(store, config.driver, url));
    return await startStore(config, tools, { store, log, url, checkpoints, loaded, ...(await volumes()) });
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function wasLeftInOrder({ end, read }: Pick<EventLog, 'end' | 'read'>): Promise<boolean> {
  for await (const envelopes of read(end.position - 1)) return envelopes.at(-1)?.event.type === 'StoreClosed';
  return false;
}

const identityOf = (store: string, driver: string, log: string | undefined): Identity => ({
  store,
  driver,
  ...(log !== undefined && { log }),
});
