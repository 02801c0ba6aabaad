import type { Health } from '../../app/console/rows.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const line = /^([a-z_]+)(?:\{(.*)\})? ([0-9.eE+-]+|NaN|\+Inf)$/;
const label = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

function samplesIn(text: string): readonly Sample[] {
  return text.split('\n').flatMap((row) => {
    const [, name, labels = '', value] = line.exec(row) ?? [];
    if (name === undefined) return [];
    const found = [...labels.matchAll(label)].map(([, key = '', text = '']) => [key, text] as const);
    return [{ name, labels: Object.fromEntries(found), value: Number(value) }];
  });
}

/** Pipelines and flushes of a daemon from its metrics. */
export function healthIn(metrics: string): Pick<Health, 'pipelines' | 'flush'> {
  const samples = samplesIn(metrics);
  const named = (name: string) => samples.filter((sample) => sample.name === name);
  const durable = named('snapledger_log_durable_position')[0]?.value ?? 0;
  const failures = new Map(
    named('snapledger_pipeline_failures_total').map(({ labels, value }) => [labels.pipeline, value]),
  );
  return {
    pipelines: named('snapledger_pipeline_lag_events').map(({ labels: { pipeline = '' }, value: behind }) => ({
      ...{ name: pipeline, position: durable - behind, behind },
      failures: failures.get(pipeline) ?? 0,
    })),
    flush: flushIn(named),
  };
}

const histogram = 'snapledger_log_flush_seconds';

function flushIn(named: (name: string) => readonly Sample[]): Health['flush'] {
  const count = named(`${histogram}_count`)[0]?.value ?? 0;
  if (count === 0) return null;
  const buckets = named(`${histogram}_bucket`).map(({ labels: { le = '' }, value }) => ({
    ...{ limit: le === '+Inf' ? Number.MAX_VALUE : Number(le), value },
  }));
  // The limit of the bucket that holds it: not less than the quantile.
  const quantile = (share: number) => buckets.find(({ value }) => value >= share * count)?.limit ?? 0;
  const sum = named(`${histogram}_sum`)[0]?.value ?? 0;
  return { count, mean: sum / count, p50: quantile(0.5), p99: quantile(0.99) };
}
