import { Counter, Gauge, type Registry } from 'prom-client';
import type { Pipelines } from '../app/background/pipeline.ts';
import type { Watched } from './journal-metrics.ts';

interface Sources {
  readonly watched: Watched | undefined;
  readonly pipelines: Pipelines | undefined;
}

/** How far background work is behind the log, by name. Answers what takes note of a failure. */
export function createPipelineMetrics(registry: Registry, sources: () => Sources): (name: string) => void {
  const registers = [registry];
  new Gauge({
    name: 'snapledger_pipeline_lag_events',
    help: 'Durable events that the background work of a name has not dealt with yet',
    labelNames: ['pipeline'],
    registers,
    collect() {
      const { watched, pipelines } = sources();
      this.reset();
      for (const { name, position } of pipelines?.list() ?? [])
        this.set({ pipeline: name }, Math.max(0, (watched?.durable.position ?? 0) - position));
    },
  });
  const failures = new Counter({
    name: 'snapledger_pipeline_failures_total',
    help: 'Failures of background work by its name; each is tried again, passed over or the end, as the log tells',
    labelNames: ['pipeline'],
    registers,
  });
  return (name) => failures.inc({ pipeline: name });
}
