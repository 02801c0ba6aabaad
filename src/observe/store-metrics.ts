import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Kind } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { retainedTotals, type State } from '../../projections/state.ts';
import type { Pipeline, Pipelines } from '../app/background/pipeline.ts';
import type { TroubleKind } from '../app/explain/image-trouble.ts';
import type { ForwardStatus } from '../app/forward/status.ts';
import type { LogFigures } from '../ports/store-files.ts';
import { createFlushMetrics, gaugeOf, type ObserveFlush, watchForwarding, watchLogSize } from './log-metrics.ts';

/** The part of a journal that is read at a scrape. */
export interface WatchedJournal {
  readonly durable: State;
  readonly latest: State;
  readonly rollbacks: number;
}

/** The part of a feed that is read at a scrape. */
export interface WatchedFeed {
  /** of the newest durable event */
  readonly position: number;
  readonly subscribers: ReadonlySet<{ readonly position: number }>;
}

/** Metrics of the store. Each `watch...` is called once; its gauges read the state at a scrape, so that an event costs nothing. */
export interface StoreMetrics {
  readonly flushed: ObserveFlush;
  /** A checkpoint was written. */
  checkpointed(seconds: number): void;
  /** Counts the journal's durable events from now on, and shows its state. Called before recovery, it counts that too. */
  watch(journal: WatchedJournal, pipelines: Pipelines): void;
  /** Shows whether the store takes changes. */
  watchHealth(health: () => { readonly serving: boolean }): void;
  /** Shows how many bytes of retained layers there may be while a kubelet lacks space. */
  hiddenFromKubelet(bytes: number): void;
  /** Shows the size of the log on disk; undefined if it can't be measured now. */
  watchLog(measure: () => Promise<LogFigures | undefined>): void;
  watchForwarding(status: () => ForwardStatus): void;
  watchFeed(feed: WatchedFeed): void;
  /** A pipeline of background work failed. */
  pipelineFailed(name: string): void;
  /** A subscriber was disconnected. */
  dropped(): void;
  /** containerd did not answer a question about its images, or could not read content of one. */
  imageFailed(kind: TroubleKind): void;
  close(): void;
}

export function createStoreMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  const gauge = gaugeOf(registry);
  const checkpoints = new Histogram({
    name: 'snapledger_checkpoint_seconds',
    help: 'Checkpoints written, with the time each took',
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  const failures = new Counter({
    name: 'snapledger_pipeline_failures_total',
    help: 'Failures of background work by pipeline; what follows (retry, skip or stop) is in the daemon log',
    labelNames: ['pipeline'],
    registers,
  });
  const drops = new Counter({
    name: 'snapledger_subscribers_dropped_total',
    help: 'Subscribers that were disconnected: they read nothing, the daemon stopped, or the log failed',
    registers,
  });
  const images = new Counter({
    name: 'snapledger_containerd_image_failures_total',
    help: 'Questions about images that containerd did not answer (containerd), and content of images that it could not read (content)',
    labelNames: ['kind'],
    registers,
  });
  const count = createEventMetrics(registry);
  let durablePosition = () => 0;
  let counting: Pipeline | undefined;
  return {
    flushed: createFlushMetrics(registry),
    checkpointed: (seconds) => checkpoints.observe(seconds),
    pipelineFailed: (pipeline) => failures.inc({ pipeline }),
    dropped: () => drops.inc(),
    imageFailed: (kind) => images.inc({ kind }),
    watch: (journal, pipelines) => {
      durablePosition = () => journal.durable.position;
      watchJournal(registry, journal);
      watchPipelines(registry, pipelines, durablePosition);
      counting = pipelines.start({
        name: 'metrics',
        handle: (envelopes) => {
          for (const { event } of envelopes) count(event);
        },
      });
    },
    watchHealth: (health) =>
      void gauge('snapledger_ready', '1 while the store takes changes, else 0', () => Number(health().serving)),
    hiddenFromKubelet: (bytes) =>
      new Gauge({
        name: 'snapledger_retention_hidden_from_kubelet_bytes',
        help: 'Bytes of retained layers that may exist while a kubelet with default thresholds lacks space; should be 0',
        registers,
      }).set(bytes),
    watchLog: (measure) => watchLogSize(registry, measure),
    watchForwarding: (status) => watchForwarding(registry, status, () => durablePosition()),
    watchFeed: (feed) => {
      gauge('snapledger_subscribers', 'Subscribers to the events', () => feed.subscribers.size);
      gauge('snapledger_subscriber_lag_events', 'Events that the slowest subscriber has not received yet', () =>
        Array.from(feed.subscribers).reduce((lag, { position }) => Math.max(lag, feed.position - position), 0),
      );
    },
    close: () => counting?.close(),
  };
}

/** Counts durable events by type, purges with the bytes they freed, and recovery by action. */
function createEventMetrics(registry: Registry): (event: Event) => void {
  const registers = [registry];
  const byType = new Map<string, number>();
  new Counter({
    name: 'snapledger_events_total',
    help: 'Durable events by type, since the start',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      for (const [type, count] of byType) this.inc({ type }, count);
    },
  });
  const purges = new Counter({
    name: 'snapledger_purges_total',
    help: 'Volumes of removed and undone snapshots that were deleted',
    registers,
  });
  const freed = new Counter({
    name: 'snapledger_purged_bytes_total',
    help: 'Bytes freed by purges, as far as the driver knows them',
    registers,
  });
  const recovered = new Counter({
    name: 'snapledger_recovery_actions_total',
    help: 'What recovery had to do at the start, by action',
    labelNames: ['action'],
    registers,
  });
  return (event) => {
    byType.set(event.type, (byType.get(event.type) ?? 0) + 1);
    if (event.type === 'VolumePurged') {
      purges.inc();
      freed.inc(event.data.bytes);
    } else if (event.type === 'StoreOpened') {
      for (const [action, count] of Object.entries(event.data.found)) recovered.inc({ action }, count);
    }
  };
}

function watchJournal(registry: Registry, journal: WatchedJournal): void {
  const gauge = gaugeOf(registry);
  const durable = () => journal.durable;
  gauge('snapledger_log_durable_position', 'Position of the newest durable event', () => durable().position);
  gauge('snapledger_log_appended_position', 'Position of the newest event appended', () => journal.latest.position);
  gauge('snapledger_log_rollbacks', 'How often appended events were rolled back', () => journal.rollbacks);
  gauge(
    'snapledger_volumes_pending_purge',
    'Volumes that wait for their purge',
    () => durable().volumes.pendingPurge.size,
  );
  gauge('snapledger_retained_snapshots', 'Removed layers that can be restored', () => retainedTotals(durable()).count);
  gauge(
    'snapledger_retained_bytes',
    'Bytes of the removed layers that can be restored, as far as they were measured',
    () => retainedTotals(durable()).bytes,
  );
  new Gauge({
    name: 'snapledger_snapshots',
    help: 'Snapshots by kind',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      const counts: Record<Kind, number> = { active: 0, view: 0, committed: 0 };
      for (const { kind } of journal.durable.volumes.wanted.values()) counts[kind] += 1;
      for (const [kind, count] of Object.entries(counts)) this.set({ kind }, count);
    },
  });
}

function watchPipelines(registry: Registry, pipelines: Pipelines, durablePosition: () => number): void {
  new Gauge({
    name: 'snapledger_pipeline_lag_events',
    help: 'Durable events that background work has not handled yet, by pipeline',
    labelNames: ['pipeline'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, position } of pipelines.list())
        this.set({ pipeline: name }, Math.max(0, durablePosition() - position));
    },
  });
}
