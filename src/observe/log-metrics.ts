import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LogFigures } from '../ports/store-files.ts';

/** Takes note of one write of the log that became durable, and how long it took from the write to the end of its flush. */
export type ObserveFlush = (events: number, bytes: number, seconds: number) => void;

const buckets = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

/** Shows what the log takes on disk, whenever it is asked for. Nothing where it is not kept in files, or can't be looked at now. */
export function createLogSizeMetrics(registry: Registry, measure: () => Promise<LogFigures | undefined>): void {
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

/** Batches of the log: their number is the histogram's count. */
export function createLogMetrics(registry: Registry): ObserveFlush {
  const registers = [registry];
  const appended = new Counter({ name: 'snapledger_log_events_total', help: 'Events made durable', registers });
  const written = new Counter({ name: 'snapledger_log_bytes_total', help: 'Bytes written to the log', registers });
  const flush = new Histogram({
    name: 'snapledger_log_flush_seconds',
    help: 'Batches written to the log, with the time until each was on stable storage',
    buckets,
    registers,
  });
  return (events, bytes, seconds) => {
    appended.inc(events);
    written.inc(bytes);
    flush.observe(seconds);
  };
}
