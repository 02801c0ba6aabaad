import type { Snapshot } from '../projections/snapshot.ts';
import { createSystem } from './adapters/system/create-system.ts';
import { createRoomMeter } from './adapters/system/disk-space.ts';
import { createFailpoints, failpointsVariable } from './adapters/system/failpoints.ts';
import { linkImageFs } from './adapters/system/root/image-fs-link.ts';
import { readIdentity } from './adapters/system/root/root-directory.ts';
import { observeContainerd } from './app/explain/observe-containerd.ts';
import { forwardReport } from './app/forward/status.ts';
import { guardFiles } from './app/guarded.ts';
import type { Action } from './app/reconcile/action.ts';
import { hiddenFromKubelet } from './app/retention/kubelet.ts';
import type { Journal } from './app/store/journal.ts';
import { watchHealth } from './app/watch-health.ts';
import { type Forwarding, startForwarding } from './compose/forward-thread.ts';
import { openLayers } from './compose/layers.ts';
import { openStore, type Tools } from './compose/open-store.ts';
import type { OpenStore } from './compose/start-store.ts';
import { storeFiles } from './compose/store-files.ts';
import type { Config } from './config/config.ts';
import { version } from './config/version.ts';
import type { Answer } from './domain/refusal.ts';
import { serveGrpc } from './grpc/serve-grpc.ts';
import { createFormats } from './http/events/format.ts';
import { readToken } from './http/read-token.ts';
import { type HttpOptions, serveHttp } from './http/serve-http.ts';
import { createMetrics } from './observe/create-metrics.ts';
import { type Failpoint, noFailpoints } from './ports/failpoints.ts';
import type { Logger } from './ports/logger.ts';
import { expectRoot } from './ports/root-guard.ts';

export interface Daemon {
  /**
   * Ends calls under way, closes the log, removes the sockets, lets the root go. Takes `drain_timeout` and `stopTime` at most, whatever
   * is under way.
   */
  stop(reason: string): Promise<void>;
}

/** Milliseconds of a stop besides `drain_timeout`: the store's closing (9 s), its log (1 s), what is forwarded (2 s), and HTTP. */
export const stopTime = 15_000;

export interface StartOptions {
  /** Takes the store over where another root has served it. */
  readonly takeOver: boolean;
}

/** Opens the store, recovers it and serves it. Rejects with a Fault that says what, where and what to do. */
export async function startDaemon(config: Config, plain: Logger, { takeOver }: StartOptions): Promise<Daemon> {
  const listeners = httpListeners(config);
  const system = createSystem();
  const metrics = createMetrics(version());
  const logger = metrics.counting(plain);
  const failpoint = failpoints(logger);
  const store = await openStore(config, { system, metrics, logger, failpoint, takeOver });
  try {
    const daemon = await serveStore(store, config, { metrics, logger, listeners });
    await compareWithKubelet(config, { metrics, logger });
    if (config.imageFsLink !== null) linkImages(config.imageFsLink, config.root, logger);
    await system.notify('READY=1');
    logger.info({ root: config.root, address: config.address, driver: config.driver }, 'serving');
    return {
      stop: async (reason) => {
        // A longer drain_timeout than the unit file reckons with extends what the service manager waits.
        await system.notify(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${(config.drainTimeout + stopTime) * 1000}`);
        await daemon.stop(reason);
        metrics.close();
        logger.info({ reason }, 'stopped');
      },
    };
  } catch (error) {
    await store.close('start failed');
    throw error;
  }
}

/** A kubelet on this machine must never lack space that retained layers hold: it would collect images, then evict pods, for nothing. */
async function compareWithKubelet(
  { root, retention }: Config,
  { metrics, logger }: Pick<Tools, 'metrics' | 'logger'>,
): Promise<void> {
  const hidden = retention === null ? 0 : hiddenFromKubelet(retention, await createRoomMeter(root)());
  metrics.hiddenFromKubelet(hidden);
  if (hidden === 0) return;
  logger.warn(
    { bytes: hidden },
    'with this retention.min_free removed layers are still kept where a kubelet lacks space: keep "20%" free or more',
  );
}

function linkImages(path: string, root: string, logger: Logger): void {
  const missing = linkImageFs(path, root);
  if (missing === undefined) logger.info({ path }, 'the image file system is linked for containerd 1.6 and 1.7');
  else logger.warn({}, `kubelet does not see the image file system: ${missing}`);
}

/** A log that is forwarded is kept in the root: its settings and its root were compared when it was opened. */
function forwardFrom(
  { journal, store }: OpenStore,
  { root, forward: { url } }: Config,
  { metrics, logger }: Pick<Tools, 'metrics' | 'logger'>,
): Forwarding | undefined {
  if (url === undefined) return undefined;
  const forwarding = startForwarding({ root, store, url }, journal, logger);
  metrics.watchForwarding(() => forwarding.status);
  return forwarding;
}

/** For tests: the environment can make any step of the daemon fail. */
function failpoints(logger: Logger): Failpoint {
  const { [failpointsVariable]: text } = process.env;
  const failpoint = createFailpoints(text);
  if (failpoint !== noFailpoints) logger.warn({ failpoints: text }, 'failpoints are on: steps will fail on purpose');
  return failpoint;
}

/** Makes the store of a root that holds none, and leaves it in order. Of one that holds a store it answers which. */
export async function initStore(config: Config, logger: Logger): Promise<{ store: string; created: boolean }> {
  const identity = readIdentity(config.root);
  if (identity !== undefined) return { store: identity.store, created: false };
  const metrics = createMetrics(version());
  const tools = { system: createSystem(), metrics, logger, failpoint: noFailpoints };
  const { store, close } = await openStore({ ...config, existing: false }, tools);
  await close('initialised');
  metrics.close();
  return { store, created: true };
}

/** Reconciles a store that no daemon serves, under its lock, and answers what was done. Rejects with a Fault (`busy`) while one does. */
export async function reconcileStopped(config: Config, logger: Logger): Promise<readonly Action[]> {
  const metrics = createMetrics(version());
  const tools = { system: createSystem(), metrics, logger, failpoint: noFailpoints, thorough: true };
  const store = await openStore(config, tools);
  await store.close('reconciled');
  metrics.close();
  return store.actions;
}

type Listeners = Pick<HttpOptions, 'address' | 'loopback'>;

/** Where HTTP is served; the token is read here, once. */
function httpListeners({ httpAddress, http: { listen, tokenFile } }: Config): Listeners {
  if (listen === null || tokenFile === null) return { address: httpAddress };
  return { address: httpAddress, loopback: { ...listen, token: readToken(tokenFile) } };
}

/** Restores a retained layer of a store that no daemon serves, under its lock. Rejects with a Fault (`busy`) while one does. */
export async function restoreStopped(
  config: Config,
  name: string,
  logger: Logger,
): Promise<Answer<readonly Snapshot[]>> {
  const metrics = createMetrics(version());
  const store = await openStore(config, { system: createSystem(), metrics, logger, failpoint: noFailpoints });
  try {
    return await store.service.restore(name);
  } finally {
    await store.close('restored');
    metrics.close();
  }
}

/** containerd may be absent, or come later: that is no failure. A start that does not listen to it loads nothing for it. */
async function observed({ containerdEvents }: Config, journal: Journal): Promise<{ close(): void }> {
  if (containerdEvents === null) return { close: () => {} };
  const { createContainerdWatch } = await import('./grpc/watch-containerd.ts');
  const watch = createContainerdWatch(containerdEvents);
  return observeContainerd({ journal, uptime: createSystem().uptime, watch });
}

/** The two sockets over an open store: containerd's, and the operator's. */
async function serveStore(
  store: OpenStore,
  config: Config,
  { metrics, logger, listeners }: Pick<Tools, 'metrics' | 'logger'> & { readonly listeners: Listeners },
): Promise<Daemon> {
  const { service, journal } = store;
  let serving = true;
  const health = () => (serving ? journal.health : { serving, reason: 'stopping' });
  const forwarding = forwardFrom(store, config, { metrics, logger });
  const closing = async (error: unknown): Promise<never> => {
    await forwarding?.close();
    throw error;
  };
  const http = await serveHttp({
    ...listeners,
    logger,
    sources: {
      metrics: metrics.text,
      health,
      reconcile: service.reconcile,
      restore: service.restore,
      forward: () => forwardReport(forwarding?.status, journal.durable.position),
      feed: store.feed,
      store: store.store,
      formats: createFormats(store.store),
      onDrop: (why) => {
        metrics.dropped();
        logger.info({ why }, 'a reader of the events was given up');
      },
      files: guardFiles(store.root, storeFiles(config.root)),
      layers: async (driver) => {
        expectRoot(store.root);
        return openLayers(config.root, driver);
      },
    },
  }).catch(closing);
  const grpc = await serveGrpc({
    snapshots: service.snapshots,
    address: config.address,
    logger,
    onCall: metrics.call,
  }).catch(async (error) => {
    await http.close();
    return closing(error);
  });
  const observing = await observed(config, journal);
  metrics.watchHealth(health);
  const watching = watchHealth({ health, stopped: journal.stopped, logger, tell: grpc.setServing });
  return {
    stop: async (reason) => {
      const answering = journal.health.serving;
      serving = false;
      watching.close();
      observing.close();
      service.halt();
      // Calls that wait for a silent log would only wait on.
      await grpc.drain(answering ? config.drainTimeout : 0);
      await store.close(reason);
      await forwarding?.close();
      await http.close();
    },
  };
}
