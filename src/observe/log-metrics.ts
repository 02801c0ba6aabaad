import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ForwardStatus } from '../app/forward/status.ts';
import type { LogFigures } from '../ports/store-files.ts';

/** A batch of the log became durable: its events and bytes, and the time from the write to the end of its flush. */
export type ObserveFlush = (events: number, bytes: number, seconds: number) => void;

/** Makes gauges whose value is read at a scrape. */
export const gaugeOf = (registry: Registry) => (name: string, help: string, read: () => number) =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });

const flushBuckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

/** Batches of the log: their number is the histogram's count. */
export function createFlushMetrics(registry: Registry): ObserveFlush {
  const registers = [registry];
  const appended = new Counter({ name: 'snapledger_log_events_total', help: 'Events made durable', registers });
  const written = new Counter({ name: 'snapledger_log_bytes_total', help: 'Bytes written to the log', registers });
  const flush = new Histogram({
    name: 'snapledger_log_flush_seconds',
    help: 'Batches written to the log, with the time until each was on stable storage',
    buckets: flushBuckets,
    registers,
  });
  return (events, bytes, seconds) => {
    appended.inc(events);
    written.inc(bytes);
    flush.observe(seconds);
  };
}

export function watchLogSize(registry: Registry, measure: () => Promise<LogFigures | undefined>): void {
  new Gauge({
    name: 'snapledger_log_size_bytes',
    help: 'Bytes of the log on disk, by whether their segments are compressed',
    labelNames: ['archived'],
    registers: [registry],
    async collect() {
      // A collector that fails would take all other metrics with it.
      const figures = await measure().catch(() => undefined);
      if (figures === undefined) return;
      this.set({ archived: 'true' }, figures.archivedBytes);
      this.set({ archived: 'false' }, figures.bytes - figures.archivedBytes);
    },
  });
}

const forwardStates = ['connecting', 'forwarding', 'retrying', 'stopped'] as const;

export function watchForwarding(registry: Registry, status: () => ForwardStatus, durablePosition: () => number): void {
  const gauge = gaugeOf(registry);
  gauge('snapledger_forward_position', 'Position of the last event that the cluster holds', () => status().position);
  gauge('snapledger_forward_lag_events', 'Durable events that the cluster does not hold yet', () =>
    Math.max(0, durablePosition() - status().position),
  );
  gauge('snapledger_forward_failures', 'Failures of forwarding since the start', () => status().failures);
  new Gauge({
    name: 'snapledger_forward_state',
    help: '1 for the state of the forwarding; the last error is a label',
    labelNames: ['state', 'error'],
    registers: [registry],
    collect() {
      this.reset();
      const now = status();
      for (const state of forwardStates) {
        const is = state === now.state;
        this.set({ state, error: is ? now.error : '' }, is ? 1 : 0);
      }
    },
  });
}
