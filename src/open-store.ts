import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createFileCheckpointStore } from './adapters/checkpoint-store/file.ts';
import { openFileEventLog } from './adapters/event-log/file/open-file-event-log.ts';
import {
  heldBy,
  type Identity,
  prepareRoot,
  readIdentity,
  writeHolder,
  writeIdentity,
} from './adapters/root/root-directory.ts';
import { createRoomMeter } from './adapters/space/stat-file-system.ts';
import { bootId } from './adapters/system/boot-id.ts';
import { copyTree } from './adapters/system/copy-tree.ts';
import { createIoctl } from './adapters/system/create-ioctl.ts';
import { runCommand } from './adapters/system/run-command.ts';
import { tryMount } from './adapters/system/try-mount.ts';
import { createBtrfsDriver } from './adapters/volume-driver/btrfs/btrfs-driver.ts';
import { createBtrfsCalls } from './adapters/volume-driver/btrfs/create-btrfs-calls.ts';
import { createMemoryDriver } from './adapters/volume-driver/memory/memory-driver.ts';
import { createOverlayDriver } from './adapters/volume-driver/overlay/overlay-driver.ts';
import { createJournal, type Journal } from './app/journal.ts';
import { type LoadedState, loadState } from './app/load-state.ts';
import type { Action } from './app/reconciler/action.ts';
import { checkDriver, recover } from './app/recover.ts';
import { createService, type Service } from './app/service.ts';
import { version } from './cli/version.ts';
import type { Config } from './config/config.ts';
import type { Metrics } from './observe/create-metrics.ts';
import type { CheckpointStore } from './ports/checkpoint-store.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Reach } from './ports/failpoints.ts';
import { Fault } from './ports/fault.ts';
import type { Logger } from './ports/logger.ts';
import type { System } from './ports/system.ts';
import type { VolumeDriver } from './ports/volume-driver.ts';

/** A store that is recovered and at work, and the root's lock. */
export interface OpenStore {
  readonly service: Service;
  readonly journal: Journal;
  /** what recovery did */
  readonly actions: readonly Action[];
  close(reason: string): Promise<void>;
}

/** What a store is opened with. */
export interface Tools {
  readonly system: System;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly reach: Reach;
}

/** Takes the root's lock and holds it until `close`, or lets go where the store does not open. */
export async function openStore(config: Config, tools: Tools): Promise<OpenStore> {
  const { root, address, httpAddress } = config;
  prepareRoot(root);
  const lock = await tools.system.lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  writeHolder(root, { pid: process.pid, address, http: httpAddress, since: new Date().toISOString() });
  try {
    const store = await openLocked(config, tools);
    return {
      ...store,
      close: async (reason) => {
        await store.close(reason);
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openLocked(config: Config, tools: Tools): Promise<OpenStore> {
  const identity = readIdentity(config.root);
  if (identity !== undefined) checkDriver(identity.driver, config.driver);
  const { log, store } = await openLog(config, identity, tools);
  try {
    const checkpoints = createFileCheckpointStore({
      directory: join(config.root, 'checkpoints'),
      bases: join(config.root, 'log'),
      reach: tools.reach,
    });
    const loaded = await loadState(log, checkpoints, tools.logger);
    checkDriver(loaded.state.life.driver, config.driver);
    if (identity === undefined) writeIdentity(config.root, { store, driver: config.driver });
    const driver = await createDriver(config, tools);
    return await openRecovered(config, tools, { store, log, checkpoints, loaded, driver });
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function openLog(
  { root, log: { segmentBytes, reserveBytes } }: Config,
  identity: Identity | undefined,
  tools: Tools,
) {
  const { system, metrics, logger, reach } = tools;
  const opening = await openFileEventLog({
    directory: join(root, 'log'),
    store: identity?.store ?? randomUUID(),
    preallocate: system.preallocate,
    segmentBytes,
    reserveBytes,
    reach,
    onFlush: metrics.flushed,
    warn: (message) => logger.warn({}, message),
  });
  if (opening.torn !== null) logger.warn(opening.torn, 'a torn last record was cut off the log and kept beside it');
  if (identity === undefined || identity.store === opening.store) return opening;
  await opening.log.close();
  throw new Fault(
    'corrupt',
    `root ${root}: its log is of store ${opening.store}, the root belongs to ${identity.store}`,
    {
      hint: 'bring back the log that belongs to this root',
    },
  );
}

async function createDriver({ driver, root, overlay }: Config, { system, reach }: Tools): Promise<VolumeDriver> {
  switch (driver) {
    case 'overlay':
      return createOverlayDriver({ root, system, options: overlay, tryMount, reach });
    case 'btrfs':
      return createBtrfsDriver({ root, system, calls: createBtrfsCalls(createIoctl(), runCommand), copyTree, reach });
    case 'memory':
      return createMemoryDriver();
    default:
      return driver satisfies never;
  }
}

interface Parts {
  readonly store: string;
  readonly log: EventLog;
  readonly checkpoints: CheckpointStore;
  readonly loaded: LoadedState;
  readonly driver: VolumeDriver;
}

async function openRecovered(
  config: Config,
  { system, metrics, logger, reach }: Tools,
  parts: Parts,
): Promise<OpenStore> {
  const { store, log, checkpoints, loaded, driver } = parts;
  const journal = createJournal({ log, store, clock: system.now, state: loaded.state });
  metrics.watch(journal);
  const opener = { store, version: version(), boot: bootId(), pid: process.pid };
  const recovered = await recover({ journal, driver, logger, opener, replayed: loaded.replayed, reach });
  const service = createService({
    journal,
    driver,
    checkpoints,
    lastCheckpoint: loaded.checkpoint,
    recovered,
    logger,
    options: { ...config, checkpointEvery: config.checkpoint.every },
    reach,
    onCheckpoint: metrics.checkpointed,
    clock: system.now,
    measureRoom: createRoomMeter(config.root),
  });
  const close = async (reason: string) => {
    await service.close(reason);
    await log.close();
    await driver.close();
  };
  return { service, journal, actions: recovered.actions, close };
}
