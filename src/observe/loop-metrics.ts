import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Milliseconds between two looks at the loop. What is recorded is the time from one to the next, these included. */
const resolution = 10;

/** How late the event loop was since the last look, in seconds. Answers what ends the watching. */
export function createLoopMetrics(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  new Gauge({
    name: 'snapledger_event_loop_delay_seconds',
    help: 'Delay of the event loop since the metrics were last asked for',
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
