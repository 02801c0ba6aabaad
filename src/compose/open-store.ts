import { join } from 'node:path';
import { createFileCheckpointStore } from '../adapters/checkpoint-store/file-checkpoint-store.ts';
import {
  expectStore,
  heldBy,
  prepareRoot,
  readIdentity,
  writeHolder,
  writeIdentity,
} from '../adapters/system/root/root-directory.ts';
import { createRootGuard } from '../adapters/system/root/root-guard.ts';
import { createDisposal, type Disposal } from '../app/disposal.ts';
import { guardBallast, guardDriver } from '../app/guarded.ts';
import { loadState } from '../app/recovery/load-state.ts';
import { checkDriver } from '../app/recovery/recover.ts';
import type { Config } from '../config/config.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { RootGuard } from '../ports/root-guard.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import { createDriver, createRootBallast, type DriverTools } from './drivers.ts';
import { openLog } from './open-log.ts';
import { type OpenStore, startStore } from './start-store.ts';
import type { Tools } from './tools.ts';

export interface OpenOptions {
  /** Scans every volume before the store opens, even after an orderly end. */
  readonly thorough?: boolean;
  /** Takes the store over if another root has served it. */
  readonly takeOver?: boolean;
}

/** Opens the store of a root, recovered and at work, and holds the root's lock until `close`. Rejects with a Fault, with nothing left open. */
export async function openStore(config: Config, tools: Tools, options: OpenOptions = {}): Promise<OpenStore> {
  const opened = createDisposal();
  try {
    return await openInOrder(config, tools, options, opened);
  } catch (error) {
    await opened.dispose().catch(() => {});
    throw error;
  }
}

async function openInOrder(
  config: Config,
  tools: Tools,
  { thorough = false, takeOver = false }: OpenOptions,
  opened: Disposal,
): Promise<OpenStore> {
  const { root } = config;
  // 1. The root, its guard and its lock.
  if (config.existing) expectStore(root);
  prepareRoot(root);
  const guard = createRootGuard(root);
  opened.defer(guard.close);
  const lock = await lockRoot(config, tools);
  opened.defer(lock.release);
  const unguarded = createRootBallast(root, tools);
  const ballast = unguarded && guardBallast(guard, unguarded);
  const identity = readIdentity(root);
  if (identity !== undefined) checkDriver(identity.driver, config.driver);
  // 2. The volumes of a known root, scanned while the log is read. A new root is laid out once its log exists.
  const volumes = openVolumes(() => createGuardedDriver(config, { ...tools, ballast }, guard));
  opened.defer(volumes.close);
  if (identity !== undefined) void volumes.driver();
  const ids = identity === undefined || thorough ? undefined : volumes.scan((driver, signal) => driver.scanIds(signal));
  // 3. The log. After an orderly end the ids may do, and a full scan would only slow down the replay.
  const checkpoints = createFileCheckpointStore({
    directory: join(root, 'checkpoints'),
    bases: join(root, 'log'),
    failpoint: tools.failpoint,
  });
  checkpoints.expect();
  const { log, store, url } = await openLog(config, identity, { ...tools, ballast });
  opened.defer(log.close);
  const inOrder = identity === undefined || (await wasClosedInOrder(log));
  const found = inOrder ? undefined : volumes.scan((driver, signal) => driver.scan(signal));
  // 4. The state that the log says.
  const loaded = await loadState(log, checkpoints, tools.logger);
  checkDriver(loaded.state.storeInfo.driver, config.driver);
  // 5. The root's identity.
  if (identity === undefined || identity.log !== url)
    await writeIdentity(root, { store, driver: config.driver, ...(url !== undefined && { log: url }) });
  // 6. Recovery, and the work behind the store.
  const scans = { ids, found };
  const parts = { store, log, url, checkpoints, loaded, guard, takeOver, driver: await volumes.driver(), scans };
  const { close, ...work } = await startStore(config, tools, parts);
  return {
    ...work,
    close: async (reason) => {
      // What a stop could not wait for may still touch the root: then the lock goes with the process.
      if (!(await close(reason))) return;
      await lock.release();
      guard.close();
    },
  };
}

async function lockRoot({ root, address, httpAddress }: Config, { system }: Pick<Tools, 'system'>) {
  const lock = await system.lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  writeHolder(root, { pid: process.pid, address, http: httpAddress, since: new Date().toISOString() });
  return lock;
}

/** A driver that is opened when it is first needed, and its scans. Errors are reported when a result is needed: a damaged log counts more. */
function openVolumes(open: () => Promise<VolumeDriver>) {
  const scanning = new AbortController();
  let opened: Promise<VolumeDriver> | undefined;
  const driver = () => {
    opened ??= reportLater(open());
    return opened;
  };
  return {
    driver,
    scan: <T>(begin: (driver: VolumeDriver, signal: AbortSignal) => Promise<T>) =>
      reportLater(driver().then((made) => begin(made, scanning.signal))),
    close: async () => {
      scanning.abort();
      const made = await opened?.catch(() => undefined);
      await made?.close();
    },
  };
}

function reportLater<T>(result: Promise<T>): Promise<T> {
  result.catch(() => {});
  return result;
}

async function createGuardedDriver(
  config: Config,
  tools: DriverTools & Pick<Tools, 'logger'>,
  guard: RootGuard,
): Promise<VolumeDriver> {
  const driver = await createDriver(config, tools);
  if (config.overlay.stageLayers && driver.staging === undefined)
    tools.logger.warn(
      {},
      'overlay.stage_layers has no effect: files on the file system of the root can not share data',
    );
  return guardDriver(guard, driver);
}

async function wasClosedInOrder({ end, read }: Pick<EventLog, 'end' | 'read'>): Promise<boolean> {
  for await (const envelopes of read(end.position - 1)) return envelopes.at(-1)?.event.type === 'StoreClosed';
  return false;
}
