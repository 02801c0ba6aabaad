import { basename, join } from 'node:path';
import { positionOf } from '../adapters/checkpoint-store/checkpoint-file.ts';
import { checkpointFiles } from '../adapters/checkpoint-store/file-checkpoint-store.ts';
import { archiveLog } from '../adapters/event-log/file/archive/move-archives.ts';
import { measureLog } from '../adapters/event-log/file/log-files.ts';
import { indexLog } from '../adapters/event-log/file/search/index-log.ts';
import { largestOrdinary } from '../adapters/event-log/kurrentdb/kurrent-event-log.ts';

import { createDiskSpaceMeter } from '../adapters/system/file-system.ts';
import { bootId, nodeOf, rootOf } from '../adapters/system/machine.ts';
import type { Watched, WatchingGuard } from '../adapters/system/root/root-guard.ts';
import { createMaintenance, type Maintenance } from '../app/background/maintenance.ts';
import { createPipelines, type Pipelines } from '../app/background/pipeline.ts';
import { createFeed, type Feed } from '../app/feed/feed.ts';
import { guardCheckpoints, guardReads, guardSnapshots } from '../app/guarded.ts';
import type { Action } from '../app/reconcile/action.ts';
import type { LoadedState } from '../app/recovery/load-state.ts';
import { recover, type Scans } from '../app/recovery/recover.ts';
import { createService, type Service } from '../app/service.ts';
import { createJournal, type Journal } from '../app/store/journal.ts';
import type { Config } from '../config/config.ts';
import { version } from '../config/version.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Manifests } from '../ports/layers.ts';
import { timedOut, withTimeout } from '../ports/promises.ts';
import { expectRoot, type RootGuard } from '../ports/root-guard.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import { createManifests, removeManifests } from './threads/manifest-thread.ts';
import type { Tools } from './tools.ts';

/** A store that is recovered and at work, and the root's lock. */
export interface OpenStore {
  /** its id */
  readonly store: string;
  readonly service: Service;
  readonly journal: Journal;
  readonly feed: Feed;
  readonly root: RootGuard;
  readonly pipelines: Pipelines;
  /** what recovery did */
  readonly actions: readonly Action[];
  close(reason: string): Promise<void>;
}

/** Events between two searches for complete segments without an index: a segment holds more. */
const maintenanceEvery = 5_000;

/** Milliseconds for maintenance and the log to end. */
const closingTime = 1_000;

/** What a store is started from. */
export interface Parts {
  readonly driver: VolumeDriver;
  readonly scans: Scans;
  readonly store: string;
  readonly log: EventLog;
  /** the cluster that keeps the log, unless it is kept in the root */
  readonly url: string | undefined;
  readonly checkpoints: CheckpointStore;
  readonly loaded: LoadedState;
  readonly guard: WatchingGuard;
  /** another root may have served this store */
  readonly takeOver: boolean;
}

/** A store at work; `close` resolves with whether nothing is under way any more. */
type StartedStore = Omit<OpenStore, 'close'> & { close(reason: string): Promise<boolean> };

/** Recovers a store from its parts, and starts the work behind it. The root's directories are watched from here on. */
export async function startStore(config: Config, tools: Tools, parts: Parts): Promise<StartedStore> {
  const { metrics, logger, failpoint } = tools;
  const { uptime } = tools.system;
  const { store, url, loaded, guard, driver, scans } = parts;
  // 1. Nothing reads or writes below another root than the one that was opened.
  guard.watch(directoriesOf(config.driver, url));
  // 2. The journal, and the pipelines that follow it.
  const { journal, pipelines } = openJournal(config, tools, parts);
  // 3. Recovery: the disk becomes what the log says.
  const opener = openerOf(config, parts);
  const { replayed } = loaded;
  const recovered = await recover({ journal, driver, logger, opener, replayed, scans, failpoint, uptime });
  // 4. The use cases, and their background work.
  const service = createService({
    journal,
    pipelines,
    driver,
    checkpoints: guardCheckpoints(guard, parts.checkpoints),
    lastCheckpoint: loaded.checkpoint,
    recovered,
    logger,
    options: { ...config, checkpointEvery: config.checkpoint.every },
    failpoint,
    onCheckpoint: metrics.checkpointed,
    uptime,
    measureRoom: createDiskSpaceMeter(config.root),
    manifests: manifestsOf(config, guard),
  });
  // 5. Maintenance of the log, and the feed of its readers.
  const maintain = async () => {
    expectRoot(guard);
    if (url === undefined) await tidyLog(config);
  };
  const maintenance = createMaintenance({ pipelines, work: maintain, logger, every: maintenanceEvery });
  const feed = createFeed({ journal, pipelines });
  metrics.watchFeed(feed);
  return {
    store,
    service: { ...service, snapshots: guardSnapshots(guard, service.snapshots) },
    journal,
    feed,
    root: guard,
    pipelines,
    actions: recovered.actions,
    close: (reason) => closeInOrder({ ...parts, journal, service, maintenance }, reason),
  };
}

function openJournal(config: Config, { system, metrics, logger }: Tools, { log, store, url, loaded, guard }: Parts) {
  const journal = createJournal({
    log: guardReads(guard, log),
    store,
    clock: system.now,
    state: loaded.state,
    root: guard,
    ...forwardLimit(config),
  });
  const pipelines = createPipelines({ journal, logger, onFailure: metrics.pipelineFailed });
  metrics.watch(journal, pipelines);
  if (url === undefined)
    metrics.watchLog(async () => (guard.check() === undefined ? measureLog(join(config.root, 'log')) : undefined));
  return { journal, pipelines };
}

/** Who opens the store, as StoreOpened records it. */
const openerOf = ({ root, node }: Config, { store, url, takeOver }: Parts) => ({
  store,
  version: version(),
  boot: bootId(),
  pid: process.pid,
  root: rootOf(root),
  node: nodeOf(root, node),
  shared: url !== undefined,
  takeOver,
});

interface Closing extends Pick<Parts, 'log' | 'driver'>, Pick<OpenStore, 'journal' | 'service'> {
  readonly maintenance: Pick<Maintenance, 'close'>;
}

/** The steps of the start in the opposite order. What is disposable, or still waits for a disk or a cluster, is not waited for. */
async function closeInOrder({ log, driver, journal, service, maintenance }: Closing, reason: string): Promise<boolean> {
  // A cluster that does not answer would keep the end waiting.
  const unreachable = journal.troubles?.subscribe((trouble) => {
    if (trouble?.fault.code === 'io') void log.close();
  });
  const maintained = maintenance.close();
  const idle = await service.close(reason);
  unreachable?.unsubscribe();
  const ended = await withTimeout(closingTime, Promise.all([maintained, log.close()]));
  await driver.close();
  return idle && ended !== timedOut;
}

function manifestsOf({ manifests, root, driver }: Config, guard: RootGuard): Manifests | undefined {
  if (manifests && driver !== 'memory') return createManifests(root, driver, () => expectRoot(guard));
  removeManifests(root);
  return undefined;
}

/** What is forwarded must fit into the cluster: the forwarder can leave no event out. */
const forwardLimit = ({ forward: { url } }: Config) => (url === undefined ? {} : { maxEventBytes: largestOrdinary });

/** An index is made of a segment before it is compressed. What a start replays stays as it is. */
async function tidyLog({ root, log: { archive } }: Config): Promise<void> {
  const directory = join(root, 'log');
  await indexLog(directory, join(root, 'index'));
  const [newest] = archive ? await checkpointFiles(join(root, 'checkpoints'), undefined) : [];
  if (newest !== undefined) await archiveLog(directory, positionOf(basename(newest)), false);
}

/** What a store keeps below its root; what it can do without is made again. */
function directoriesOf(driver: Config['driver'], log: string | undefined): readonly Watched[] {
  const disposable = (name: string, recreated = 0o700): Watched => ({ name, recreated });
  return [
    ...(driver === 'memory' ? [] : [{ name: 'snapshots' }]),
    ...(driver === 'overlay' ? [disposable('empty', 0o755)] : []),
    ...(log === undefined ? [{ name: 'log' }] : []),
    disposable('checkpoints'),
    disposable('quarantine'),
    ...(driver === 'memory' ? [] : [disposable('pool')]),
  ];
}
