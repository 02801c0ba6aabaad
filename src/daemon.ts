import { createDisposal, type Disposal } from './app/disposal.ts';
import { forwardReport } from './app/forward/status.ts';
import { guardFiles } from './app/guarded.ts';
import { watchHealth } from './app/watch-health.ts';
import { createDaemonConsole, type DaemonConsole } from './compose/console/daemon-console.ts';
import { openLayers, openMounts } from './compose/drivers.ts';
import { prepareForKubelet } from './compose/kubelet.ts';
import { observeConfigured } from './compose/observe-configured.ts';
import { openStore } from './compose/open-store.ts';
import type { OpenStore } from './compose/start-store.ts';
import { storeFiles } from './compose/store-files.ts';
import { type Forwarding, startForwarding } from './compose/threads/forward-thread.ts';
import { createTools, type Tools } from './compose/tools.ts';
import type { Config } from './config/config.ts';
import { serveGrpc } from './grpc/serve-grpc.ts';
import { createFormats } from './http/events/format.ts';
import { readToken } from './http/loopback.ts';
import { type HttpOptions, serveHttp } from './http/serve-http.ts';
import type { Logger } from './ports/logger.ts';
import { expectRoot } from './ports/root-guard.ts';

export interface Daemon {
  /**
   * Ends calls under way, closes the log, removes the sockets, unlocks the root. Takes `drain_timeout` and `stopTime` at most, whatever
   * is under way.
   */
  stop(reason: string): Promise<void>;
}

/** Milliseconds of a stop besides `drain_timeout`: the store's closing (9 s), its log (1 s), what is forwarded (2 s), and HTTP. */
export const stopTime = 15_000;

export interface StartOptions {
  /** Takes the store over if another root has served it. */
  readonly takeOver: boolean;
  /** the settings file, if it is not the default one */
  readonly settings?: string | undefined;
}

/** Opens the store, recovers it and serves it. Rejects with a Fault that says what, where and what to do, with nothing left open. */
export async function startDaemon(config: Config, plain: Logger, options: StartOptions): Promise<Daemon> {
  const listeners = httpListeners(config);
  const tools = createTools(plain);
  const { system, metrics, logger } = tools;
  const started = createDisposal();
  let reason = 'start failed';
  started.defer(metrics.close);
  // Closed after the store: they pass on its last events.
  const outlets = createDisposal();
  started.defer(outlets.dispose);
  try {
    const store = await openStore(config, tools, options);
    started.defer(() => store.close(reason));
    await serve(store, { config, settings: options.settings, tools, listeners, started, outlets });
    await prepareForKubelet(config, tools);
    await system.notify('READY=1');
  } catch (error) {
    await started.dispose().catch(() => {});
    throw error;
  }
  logger.info({ root: config.root, address: config.address, driver: config.driver }, 'serving');
  return {
    stop: async (why) => {
      reason = why;
      // A longer drain_timeout than the unit file reckons with extends what the service manager waits.
      await system.notify(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${(config.drainTimeout + stopTime) * 1000}`);
      await started.dispose();
      logger.info({ reason }, 'stopped');
    },
  };
}

interface Serving {
  readonly config: Config;
  readonly settings: string | undefined;
  readonly tools: Tools;
  readonly listeners: Listeners;
  readonly started: Disposal;
  readonly outlets: Disposal;
}

/** Starts what passes events on and the two sockets, the operator's and then containerd's; a stop goes the other way. */
async function serve(
  store: OpenStore,
  { config, settings, tools, listeners, started, outlets }: Serving,
): Promise<void> {
  const { service, journal } = store;
  const { metrics, logger } = tools;
  let stopping = false;
  const health = () => (stopping ? { serving: false, reason: 'stopping' } : journal.health);
  const forwarding = forwardLog(store, config, tools);
  outlets.defer(() => forwarding?.close());
  const console = consoleOf({ ...config, settings }, listeners, logger);
  outlets.defer(() => console?.close());
  const http = await serveHttp({
    ...listeners,
    ...(console && { pass: console.pass }),
    logger,
    sources: httpSources(store, config, { tools, health, forwarding }),
  });
  outlets.defer(http.close);
  const grpc = await serveGrpc({
    snapshots: service.snapshots,
    address: config.address,
    logger,
    onCall: metrics.call,
  });
  service.fillPool();
  started.defer(async () => {
    const answering = journal.health.serving;
    stopping = true;
    service.halt();
    // Calls that wait for a log that does not answer would only wait on.
    await grpc.drain(answering ? config.drainTimeout : 0);
  });
  const observing = await observeConfigured(config, journal, tools);
  started.defer(() => observing?.close());
  metrics.watchHealth(health);
  started.defer(watchHealth({ health, stopped: journal.stopped, logger, report: grpc.setServing }).close);
}

/** What the operator's socket answers from. */
function httpSources(
  { service, journal, feed, store, root }: OpenStore,
  config: Config,
  {
    tools: { metrics, logger },
    health,
    forwarding,
  }: {
    readonly tools: Tools;
    readonly health: () => { readonly serving: boolean; readonly reason: string };
    readonly forwarding: Forwarding | undefined;
  },
): HttpOptions['sources'] {
  return {
    metrics: metrics.text,
    health,
    reconcile: service.reconcile,
    restore: service.restore,
    forward: () => forwardReport(forwarding?.status, journal.durable.position),
    feed,
    store,
    formats: createFormats(store),
    onDrop: (why) => {
      metrics.dropped();
      logger.info({ why }, 'a reader of events was disconnected');
    },
    files: guardFiles(root, storeFiles(config.root)),
    layers: async (driver) => {
      expectRoot(root);
      return openLayers(config.root, driver);
    },
    mounts: async (driver) => {
      expectRoot(root);
      return openMounts(config, driver);
    },
  };
}

/** A log that is forwarded is kept in the root: its settings and its root were compared when it was opened. */
function forwardLog(
  { journal, store }: OpenStore,
  { root, forward: { url, omitLabels } }: Config,
  { metrics, logger }: Tools,
): Forwarding | undefined {
  if (url === undefined) return undefined;
  const forwarding = startForwarding({ root, store, url, omitLabels }, journal, logger);
  metrics.watchForwarding(() => forwarding.status);
  return forwarding;
}

/** The console of the loopback listener; it is loaded when it is first asked for. */
function consoleOf(
  { root, settings, http: { console } }: Pick<Config, 'root' | 'http'> & Pick<Serving, 'settings'>,
  { loopback }: Listeners,
  logger: Logger,
): DaemonConsole | undefined {
  if (loopback === undefined || console === 'off') return undefined;
  const { token, host } = loopback;
  return createDaemonConsole({ root, config: settings, token, host, readOnly: console === 'read-only' }, logger);
}

type Listeners = Pick<HttpOptions, 'address' | 'loopback'>;

/** The addresses of HTTP; the token is read here, once. */
function httpListeners({ httpAddress, http: { listen, tokenFile } }: Config): Listeners {
  if (listen === null || tokenFile === null) return { address: httpAddress };
  return { address: httpAddress, loopback: { ...listen, token: readToken(tokenFile) } };
}
