import { Gauge, Histogram, Registry } from 'prom-client';
import type { Envelope } from '../../events/envelope.ts';
import type { Pipeline, Pipelines } from '../app/background/pipeline.ts';
import type { ForwardStatus } from '../app/forward/status.ts';
import type { Logger } from '../ports/logger.ts';
import type { LogFigures } from '../ports/store-files.ts';
import { createCallMetrics, type ObserveCall } from './call-metrics.ts';
import { countFailures } from './count-failures.ts';
import { createEventMetrics } from './event-metrics.ts';
import { createFeedMetrics, type WatchedFeed } from './feed-metrics.ts';
import { createForwardMetrics } from './forward-metrics.ts';
import { createJournalMetrics, type Watched } from './journal-metrics.ts';
import { createLogMetrics, createLogSizeMetrics, type ObserveFlush } from './log-metrics.ts';
import { createLoopMetrics } from './loop-metrics.ts';
import { createPipelineMetrics } from './pipeline-metrics.ts';

/** Everything that is counted, for one daemon. Each part can be handed to the code that knows it as a plain function. */
export interface Metrics {
  readonly call: ObserveCall;
  readonly flushed: ObserveFlush;
  /** A checkpoint was written, in so many seconds. */
  checkpointed(seconds: number): void;
  /** The logger to hand to the application, so that failures count. */
  counting(logger: Logger): Logger;
  /** Counts the journal's durable events from now on, and shows its state. Called before recovery, it counts that too. */
  watch(journal: Watched, pipelines: Pipelines): void;
  /** Shows whether the store takes changes. */
  watchHealth(health: () => { readonly serving: boolean }): void;
  /** Shows how many bytes of retained layers there may be while a kubelet lacks space. */
  hiddenFromKubelet(bytes: number): void;
  /** Shows what the log takes on disk. */
  watchLog(measure: () => Promise<LogFigures | undefined>): void;
  /** Shows how the forwarding stands. */
  watchForwarding(status: () => ForwardStatus): void;
  /** Shows who reads the feed of events. */
  watchFeed(feed: WatchedFeed): void;
  /** A pipeline of background work failed. */
  pipelineFailed(name: string): void;
  /** A reader of the feed was given up. */
  dropped(): void;
  /** The text format of Prometheus. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  close(): void;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  let watched: Watched | undefined;
  let forwarding: (() => ForwardStatus) | undefined;
  let pipelines: Pipelines | undefined;
  let counting: Pipeline | undefined;
  let feed: WatchedFeed | undefined;
  let measure: (() => Promise<LogFigures | undefined>) | undefined;
  const count = createEventMetrics(registry);
  const checkpoints = createCheckpointMetrics(registry);
  createJournalMetrics(registry, () => watched);
  createLogSizeMetrics(registry, async () => measure?.());
  createForwardMetrics(registry, { durable: () => watched?.durable.position ?? 0, status: () => forwarding?.() });
  createInfo(registry, version);
  const pipelineFailed = createPipelineMetrics(registry, () => ({ watched, pipelines }));
  const dropped = createFeedMetrics(registry, () => feed);
  const closeLoop = createLoopMetrics(registry);
  return {
    call: createCallMetrics(registry),
    flushed: createLogMetrics(registry),
    checkpointed: (seconds) => checkpoints.observe(seconds),
    counting: (logger) => countFailures(logger, registry),
    watch: (journal, started) => {
      watched = journal;
      pipelines = started;
      const handle = (envelopes: readonly Envelope[]) => {
        for (const { event } of envelopes) count(event);
      };
      counting = started.start({ name: 'metrics', handle });
    },
    watchHealth: (health) => {
      new Gauge({
        name: 'snapledger_ready',
        help: '1 while the store takes changes, else 0',
        registers: [registry],
        collect() {
          this.set(Number(health().serving));
        },
      });
    },
    hiddenFromKubelet: (bytes) => {
      new Gauge({
        name: 'snapledger_retention_hidden_from_kubelet_bytes',
        help: 'Bytes of retained layers that there may be while a kubelet with default thresholds lacks space: 0 is right',
        registers: [registry],
      }).set(bytes);
    },
    watchLog: (shown) => {
      measure = shown;
    },
    watchForwarding: (status) => {
      forwarding = status;
    },
    watchFeed: (shown) => {
      feed = shown;
    },
    pipelineFailed,
    dropped,
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    close: () => {
      counting?.close();
      closeLoop();
    },
  };
}

const createCheckpointMetrics = (registry: Registry) =>
  new Histogram({
    name: 'snapledger_checkpoint_seconds',
    help: 'Checkpoints written, with the time each took',
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers: [registry],
  });

/** Constant 1, with the version as label, and the time of the start. */
function createInfo(registry: Registry, version: string): void {
  const registers = [registry];
  new Gauge({ name: 'snapledger_build_info', help: 'The version that runs', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  new Gauge({
    name: 'snapledger_start_time_seconds',
    help: 'When the daemon started, in seconds since 1970',
    registers,
  }).set(Date.now() / 1000);
  new Gauge({
    name: 'snapledger_resident_memory_bytes',
    help: 'Resident memory of the daemon',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}
