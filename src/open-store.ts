import { basename, join } from 'node:path';
import { positionOf } from './adapters/checkpoint-store/checkpoint-name.ts';
import { checkpointFiles, createFileCheckpointStore } from './adapters/checkpoint-store/file.ts';
import { archiveLog } from './adapters/event-log/file/archive/archive-log.ts';
import { measureLog } from './adapters/event-log/file/measure-log.ts';
import { indexLog } from './adapters/event-log/file/search/index-log.ts';
import { largestOrdinary } from './adapters/event-log/kurrentdb/kurrent-event-log.ts';
import {
  expectStore,
  heldBy,
  type Identity,
  prepareRoot,
  readIdentity,
  writeHolder,
  writeIdentity,
} from './adapters/root/root-directory.ts';
import { createRootGuard, type Watched, type WatchingGuard } from './adapters/root/root-guard.ts';
import { rootOf } from './adapters/root/root-of.ts';
import { createRoomMeter } from './adapters/space/stat-file-system.ts';
import { bootId } from './adapters/system/boot-id.ts';
import { createFeed, type Feed } from './app/feed/feed.ts';
import { guardBallast, guardCheckpoints, guardDriver, guardReads, guardSnapshots, guardSurvey } from './app/guarded.ts';
import { createJournal, type Journal } from './app/journal.ts';
import { type LoadedState, loadState } from './app/load-state.ts';
import { createPipelines } from './app/pipeline/create-pipelines.ts';
import type { Pipelines } from './app/pipeline/pipeline.ts';
import type { Action } from './app/reconciler/action.ts';
import { checkDriver, recover } from './app/recover.ts';
import { createService, type Service } from './app/service.ts';
import { createUpkeep } from './app/upkeep.ts';
import { late, within } from './app/within.ts';
import { version } from './cli/version.ts';
import type { Config } from './config/config.ts';
import { createDriver, createRootBallast } from './create-driver.ts';
import { createManifests, removeManifests } from './manifest-thread.ts';
import type { Metrics } from './observe/create-metrics.ts';
import { type LogTools, openLog } from './open-log.ts';
import type { CheckpointStore } from './ports/checkpoint-store.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Reach } from './ports/failpoints.ts';
import type { Manifests } from './ports/layer-inspector.ts';
import type { Logger } from './ports/logger.ts';
import { expectRoot, type RootGuard } from './ports/root-guard.ts';
import type { System } from './ports/system.ts';
import type { Survey, VolumeDriver } from './ports/volume-driver.ts';

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

/** What a store is opened with. */
export interface Tools {
  readonly system: System;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly reach: Reach;
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

interface GuardedTools extends LogTools {
  readonly guard: WatchingGuard;
}

/** A store under its lock; `close` resolves with whether nothing is under way any more. */
interface LockedStore extends Omit<OpenStore, 'close'> {
  close(reason: string): Promise<boolean>;
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

/** A driver, and a scan of its that is under way. */
interface Volumes {
  readonly driver: VolumeDriver;
  readonly survey: Survey | undefined;
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
    reach: tools.reach,
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
    checkDriver(loaded.state.life.driver, config.driver);
    if (identity === undefined || identity.log !== url)
      await writeIdentity(config.root, identityOf(store, config.driver, url));
    return await openRecovered(config, tools, { store, log, url, checkpoints, loaded, ...(await volumes()) });
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function wasLeftInOrder({ end, read }: Pick<EventLog, 'end' | 'read'>): Promise<boolean> {
  for await (const envelopes of read(end.position - 1)) return envelopes.at(-1)?.event.type === 'StoreClosed';
  return false;
}

/** An index is made of a segment before it is compressed. What a start replays stays as it is. */
async function tidyLog({ root, log: { archive } }: Config): Promise<void> {
  const directory = join(root, 'log');
  await indexLog(directory, join(root, 'index'));
  const [newest] = archive ? await checkpointFiles(join(root, 'checkpoints'), undefined) : [];
  if (newest !== undefined) await archiveLog(directory, positionOf(basename(newest)), false);
}

const identityOf = (store: string, driver: string, log: string | undefined): Identity => ({
  store,
  driver,
  ...(log !== undefined && { log }),
});

/** Events between two looks for segments that have been sealed and are not indexed: a segment holds more. */
const upkeepEvery = 5_000;

/** Milliseconds at the end of a store for what its closing has left under way. */
const restTime = 1_000;

/** What is forwarded must fit into the cluster: the forwarder can leave no event out. */
const forwarded = ({ forward: { url } }: Config) => (url === undefined ? {} : { largest: largestOrdinary });

interface Parts extends Volumes {
  readonly store: string;
  readonly log: EventLog;
  /** the cluster that keeps the log, where it is not kept in the root */
  readonly url: string | undefined;
  readonly checkpoints: CheckpointStore;
  readonly loaded: LoadedState;
}

function manifestsOf({ manifests, root, driver }: Config, guard: RootGuard): Manifests | undefined {
  if (manifests && driver !== 'memory') return createManifests(root, driver, () => expectRoot(guard));
  removeManifests(root);
  return undefined;
}

async function openRecovered(
  config: Config,
  { system, metrics, logger, reach, guard, takeOver = false }: GuardedTools,
  parts: Parts,
): Promise<LockedStore> {
  const { store, log: unguarded, url, loaded } = parts;
  guard.watch(directoriesOf(config.driver, url));
  const log = guardReads(guard, unguarded);
  const checkpoints = guardCheckpoints(guard, parts.checkpoints);
  const driver = guardDriver(guard, parts.driver);
  const survey = parts.survey && guardSurvey(guard, parts.survey);
  const journal = createJournal({
    log,
    store,
    clock: system.now,
    state: loaded.state,
    root: guard,
    ...forwarded(config),
  });
  const pipelines = createPipelines({ journal, logger, onFailure: metrics.pipelineFailed });
  metrics.watch(journal, pipelines);
  const { uptime } = system;
  const measure = async () => (guard.check() === undefined ? measureLog(join(config.root, 'log')) : undefined);
  if (url === undefined) metrics.watchLog(measure);
  const opener = {
    store,
    version: version(),
    boot: bootId(),
    pid: process.pid,
    root: rootOf(config.root),
    shared: url !== undefined,
    takeOver,
  };
  const recovered = await recover({
    journal,
    driver,
    logger,
    opener,
    replayed: loaded.replayed,
    survey,
    reach,
    uptime,
  });
  const service = createService({
    journal,
    pipelines,
    driver,
    checkpoints,
    lastCheckpoint: loaded.checkpoint,
    recovered,
    logger,
    options: { ...config, checkpointEvery: config.checkpoint.every },
    reach,
    onCheckpoint: metrics.checkpointed,
    uptime,
    measureRoom: createRoomMeter(config.root),
    manifests: manifestsOf(config, guard),
  });
  const work = async () => {
    expectRoot(guard);
    if (url === undefined) await tidyLog(config);
  };
  const upkeep = createUpkeep({ pipelines, work, logger, every: upkeepEvery });
  const close = async (reason: string) => {
    // What waits for a silent cluster would keep the end waiting.
    const giving = journal.troubles?.subscribe((trouble) => {
      if (trouble?.fault.code === 'io') void log.close();
    });
    const kept = upkeep.close();
    const rested = await service.close(reason);
    giving?.unsubscribe();
    // What is disposable, or still waits for a disk or a cluster, is not waited for.
    const ended = await within(restTime, Promise.all([kept, log.close()]));
    await driver.close();
    return rested && ended !== late;
  };
  const feed = createFeed({ journal, pipelines });
  metrics.watchFeed(feed);
  const guarded = { ...service, snapshots: guardSnapshots(guard, service.snapshots) };
  return { store, service: guarded, journal, feed, root: guard, pipelines, actions: recovered.actions, close };
}

/** What a store keeps below its root; what it can do without is made again. */
function directoriesOf(driver: Config['driver'], log: string | undefined): readonly Watched[] {
  const disposable = (name: string, remade = 0o700): Watched => ({ name, remade });
  return [
    ...(driver === 'memory' ? [] : [{ name: 'snapshots' }]),
    ...(driver === 'overlay' ? [disposable('empty', 0o755)] : []),
    ...(log === undefined ? [{ name: 'log' }] : []),
    disposable('checkpoints'),
    disposable('quarantine'),
  ];
}
