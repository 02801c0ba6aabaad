import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';
import type { Logger } from '../ports/logger.ts';
import { createCallMetrics } from './call-metrics.ts';
import { createStoreMetrics, type StoreMetrics } from './store-metrics.ts';

/** All metrics of one daemon. Each part is handed as a plain function to the code that has the figure. */
export interface Metrics extends StoreMetrics {
  /** A call was answered: its method, the status it got by name, and how long it took. */
  call(method: string, code: string, seconds: number): void;
  /** The logger to hand to the application: it counts warnings and errors. */
  counting(logger: Logger): Logger;
  /** The text format of Prometheus. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
  close(): void;
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const store = createStoreMetrics(registry);
  const stopLoop = measureLoop(registry);
  describeProcess(registry, version);
  return {
    ...store,
    call: createCallMetrics(registry),
    counting: (logger) => countFailures(logger, registry),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    close: () => {
      store.close();
      stopLoop();
    },
  };
}

/** Counts every warning and error by its message, which is a constant text, and failed undos separately, for an alert. */
function countFailures(logger: Logger, registry: Registry): Logger {
  const registers = [registry];
  const messages = new Counter({
    name: 'snapledger_log_messages_total',
    help: 'Warnings and errors in the daemon log, by level and message',
    labelNames: ['level', 'message'],
    registers,
  });
  const undos = new Counter({
    name: 'snapledger_undo_failures_total',
    help: 'Undos that failed and are retried',
    registers,
  });
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      messages.inc({ level: 'warn', message });
      logger.warn(fields, message);
    },
    error: (fields, message) => {
      messages.inc({ level: 'error', message });
      if (message === 'undo failed') undos.inc();
      logger.error(fields, message);
    },
  };
}

/** Milliseconds between two samples of the loop. A sample is the time from one to the next, these included. */
const resolution = 10;

/** Measures the delay of the event loop between two scrapes. Returns what stops it. */
function measureLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  new Gauge({
    name: 'snapledger_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      // Before the first sample the histogram has no percentiles.
      if (delay.count > 0)
        for (const quantile of [0.5, 0.99, 1])
          this.set({ quantile }, Math.max(0, delay.percentile(quantile * 100) / 1e9 - resolution / 1000));
      delay.reset();
    },
  });
  return () => delay.disable();
}

export function describeProcess(registry: Registry, version: string): void {
  const registers = [registry];
  new Gauge({
    name: 'snapledger_build_info',
    help: 'Constant 1, with the running version as label',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  new Gauge({
    name: 'snapledger_start_time_seconds',
    help: 'Start of the daemon, in seconds since 1970',
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
