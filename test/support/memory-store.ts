import type { Envelope } from '../../events/envelope.ts';
import type { Root } from '../../events/store-events.ts';
import {
  createMemoryDriver,
  type MemoryDriver,
  type MemoryOptions,
} from '../../src/adapters/volume-driver/memory-driver.ts';
import type { ClosingLimits } from '../../src/app/close-service.ts';
import { loadState } from '../../src/app/recovery/load-state.ts';
import { type Recovered, recover } from '../../src/app/recovery/recover.ts';
import { createService, type Service, type ServiceOptions } from '../../src/app/service.ts';
import { createJournal, type Journal } from '../../src/app/store/journal.ts';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.ts';
import type { MeasureDiskSpace } from '../../src/ports/disk-space.ts';
import { type Failpoint, noFailpoints } from '../../src/ports/failpoints.ts';
import type { Manifests } from '../../src/ports/layers.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { Clock, Uptime } from '../../src/ports/system.ts';
import type { SnapshotIds } from '../../src/ports/volume-driver.ts';
import { createMemoryEventLog, type MemoryEventLogOptions, type MemoryRecord } from './memory-event-log.ts';
import { sampleNode, sampleRoot } from './sample-events.ts';
import { unhurriedClosing } from './speed-up-timers.ts';

/** One line that was logged. */
export interface Said {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface MemoryStoreOptions extends MemoryOptions, Pick<MemoryEventLogOptions, 'flush' | 'admit'> {
  readonly service?: Partial<ServiceOptions>;
  readonly failpoint?: Failpoint;
  /** simulates the flush of created and purged volumes, for a disk that needs it */
  readonly syncMetadata?: () => Promise<void>;
  /** simulates the wait for purged space */
  readonly reclaimSpace?: () => Promise<boolean>;
  /** the boot id */
  readonly boot?: string;
  /** bytes of an event that is not `reserved` */
  readonly largest?: number;
  /** simulates another root with its log elsewhere, with or without takeOver */
  readonly root?: Root;
  readonly shared?: boolean;
  readonly takeOver?: boolean;
  /** simulates a driver whose mounts stay the same */
  readonly fixedMounts?: boolean;
  /** simulates a large root, whose ids are scanned first */
  readonly large?: boolean;
  /** simulates the free space; default: unlimited */
  readonly measureRoom?: MeasureDiskSpace;
  /** default: none that a slow machine reaches */
  readonly closingLimits?: ClosingLimits;
  /** simulates the write of a checkpoint */
  readonly saveCheckpoint?: () => Promise<void>;
  readonly manifests?: Manifests;
  /** the clock, in nanoseconds */
  readonly clock?: Clock;
  /** plays the machine's uptime, in milliseconds; it stands still unless given */
  readonly uptime?: Uptime;
}

export interface MemoryStore extends Service {
  readonly journal: Journal;
  readonly driver: MemoryDriver;
  readonly kept: MemoryRecord[];
  readonly recovered: Recovered;
  readonly said: Said[];
  /** types of the durable events, in order */
  types(): string[];
  durable(): Envelope[];
}

const storeId = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const unlimitedSpace: MeasureDiskSpace = async () => ({ bytes: 1, totalBytes: 1, inodes: 1, totalInodes: 1 });
const noCheckpoints: CheckpointStore = { save: async () => {}, load: async function* () {} };

/** What outlives a crash of the process in these tests: the durable records and the volumes. */
export interface Remains {
  readonly kept?: MemoryRecord[];
  readonly driver?: MemoryDriver;
}

const opened: Service[] = [];

/** Closes every store that was opened here; every suite ends with it, otherwise its process would not exit. */
export async function closeMemoryStores(): Promise<void> {
  await Promise.all(opened.splice(0).map((service) => service.close('test ends')));
}

async function idsOf(driver: MemoryDriver): Promise<SnapshotIds> {
  const found = await driver.scan();
  const ids = found.flatMap(({ id }) => id ?? []);
  return { ids: Float64Array.from(ids), unknownEntries: found.length - ids.length };
}

/** The whole application over the memory adapters, opened and recovered; `remains` are those of an earlier one. */
export async function openMemoryStore(options: MemoryStoreOptions = {}, remains: Remains = {}): Promise<MemoryStore> {
  const said: Said[] = [];
  const say = (level: Said['level']) => (fields: object, message: string) =>
    void said.push({ level, message, fields: fields as Record<string, unknown> });
  const logger: Logger = { info: say('info'), warn: say('warn'), error: say('error') };
  const kept = remains.kept ?? [];
  const { largest, flush, admit, before, syncMetadata, reclaimSpace } = options;
  const { fixedMounts = false, stagesLayers = false } = options;
  const log = createMemoryEventLog({ store: storeId, kept, ...(flush && { flush }), ...(admit && { admit }) });
  const memory = createMemoryDriver({ ...(before && { before }), stagesLayers });
  const driver = {
    ...memory,
    traits: { ...memory.traits, fixedMounts },
    ...(syncMetadata && { syncMetadata }),
    ...(reclaimSpace && { reclaimSpace }),
  };
  for (const [name, volume] of remains.driver?.volumes ?? []) driver.volumes.set(name, volume);
  const { state } = await loadState(log, noCheckpoints, logger);
  let time = 1_790_000_000_000_000_000n;
  const ticking = () => {
    time += 1_000n;
    return time;
  };
  const { clock = ticking } = options;
  const journal = createJournal({
    log,
    store: storeId,
    clock,
    state,
    ...(largest !== undefined && { maxEventBytes: largest }),
  });
  const { uptime = () => 1_000_000 } = options;
  const opener = {
    store: storeId,
    version: '0.0.0',
    boot: options.boot ?? 'boot',
    pid: 1,
    root: options.root ?? sampleRoot,
    node: sampleNode,
    shared: options.shared ?? false,
    takeOver: options.takeOver ?? false,
  };
  const failpoint = options.failpoint ?? noFailpoints;
  const scans = options.large === true ? { ids: idsOf(driver) } : {};
  const recovered = await recover({ journal, driver, logger, opener, replayed: 0, scans, failpoint, uptime });
  const service = createService({
    journal,
    driver,
    checkpoints: { ...noCheckpoints, ...(options.saveCheckpoint && { save: options.saveCheckpoint }) },
    lastCheckpoint: 0,
    recovered,
    logger,
    options: {
      durability: 'commit',
      removal: 'background',
      viewsNeedParent: false,
      checkpointEvery: 1000,
      retention: null,
      ...options.service,
    },
    uptime,
    measureRoom: options.measureRoom ?? unlimitedSpace,
    manifests: options.manifests,
    failpoint,
    closingLimits: options.closingLimits ?? unhurriedClosing,
  });
  opened.push(service);
  const durable = () => kept.map(({ envelope }) => envelope);
  return {
    ...service,
    journal,
    driver,
    kept,
    recovered,
    said,
    durable,
    types: () => durable().map(({ event }) => event.type),
  };
}
