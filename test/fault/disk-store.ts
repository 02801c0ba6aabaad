import { join } from 'node:path';
import { createFileCheckpointStore } from '../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import { openFileEventLog } from '../../src/adapters/event-log/file/file-event-log.ts';
import { createDiskSpaceMeter } from '../../src/adapters/system/file-system.ts';
import { nodeOf, rootOf } from '../../src/adapters/system/machine.ts';
import { createSystem } from '../../src/adapters/system/system.ts';
import { loadState } from '../../src/app/recovery/load-state.ts';
import { recover } from '../../src/app/recovery/recover.ts';
import type { RetentionPolicy } from '../../src/app/retention/policy.ts';
import { createService, type Service } from '../../src/app/service.ts';
import { createJournal, type Journal } from '../../src/app/store/journal.ts';
import type { Failpoint } from '../../src/ports/failpoints.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { VolumeDriver } from '../../src/ports/volume-driver.ts';
import { unhurriedClosing } from '../support/speed-up-timers.ts';

/** The whole application over the real file log and a real driver, in this process. */
export interface DiskStore extends Service {
  readonly journal: Journal;
  /** messages of warnings and errors */
  readonly said: string[];
  /** Closes the store cleanly, as far as possible. Idempotent. */
  end(): Promise<void>;
}

export interface DiskStoreOptions {
  readonly root: string;
  readonly createDriver: (root: string, failpoint: Failpoint) => Promise<VolumeDriver>;
  readonly failpoint: Failpoint;
  readonly segmentBytes?: number;
  /** default: nothing is retained */
  readonly retention?: RetentionPolicy | null;
}

const storeId = '7d6cf0f4-5d61-4a0a-8f0e-0f6b0f6f3c55';

/** Opens and recovers a store as the daemon does. If that fails, it rejects and releases everything. */
export async function openDiskStore(options: DiskStoreOptions): Promise<DiskStore> {
  const { root, createDriver, failpoint, segmentBytes = 1 << 20, retention = null } = options;
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const logger: Logger = { info: () => {}, warn: say, error: say };
  const system = createSystem();
  const { log, store } = await openFileEventLog({
    directory: join(root, 'log'),
    store: storeId,
    preallocate: system.preallocate,
    segmentBytes,
    failpoint,
  });
  try {
    const checkpoints = createFileCheckpointStore({
      directory: join(root, 'checkpoints'),
      bases: join(root, 'log'),
      failpoint,
    });
    const { state, checkpoint, replayed } = await loadState(log, checkpoints, logger);
    const driver = await createDriver(root, failpoint);
    const journal = createJournal({ log, store, clock: system.now, state });
    const opener = {
      store,
      version: '0.0.0',
      boot: 'boot',
      pid: process.pid,
      root: rootOf(root),
      node: nodeOf(root, null),
      shared: false,
      takeOver: false,
    };
    const recovered = await recover({ journal, driver, logger, opener, replayed, failpoint, uptime: system.uptime });
    const service = createService({
      journal,
      driver,
      checkpoints,
      lastCheckpoint: checkpoint,
      recovered,
      logger,
      failpoint,
      options: {
        durability: 'commit',
        removal: 'background',
        viewsNeedParent: false,
        checkpointEvery: 1000,
        retention,
      },
      closingLimits: unhurriedClosing,
      uptime: system.uptime,
      measureRoom: createDiskSpaceMeter(root),
    });
    let ending: Promise<void> | undefined;
    const end = async () => {
      await service.close('test ends');
      await log.close();
      await driver.close();
    };
    return {
      ...service,
      journal,
      said,
      end: () => {
        ending ??= end();
        return ending;
      },
    };
  } catch (error) {
    await log.close();
    throw error;
  }
}
