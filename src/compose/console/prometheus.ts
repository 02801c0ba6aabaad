import type { FlushHistogram } from '../../app/console/flushes.ts';
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

type Named = (name: string) => readonly Sample[];

const namedIn = (metrics: string): Named => {
  const samples = samplesIn(metrics);
  return (name) => samples.filter((sample) => sample.name === name);
};

/** Pipelines of a daemon from its metrics. */
export function pipelinesIn(metrics: string): Health['pipelines'] {
  const named = namedIn(metrics);
  const durable = named('snapledger_log_durable_position')[0]?.value ?? 0;
  const failures = new Map(
    named('snapledger_pipeline_failures_total').map(({ labels, value }) => [labels.pipeline, value]),
  );
  return named('snapledger_pipeline_lag_events').map(({ labels: { pipeline = '' }, value: behind }) => ({
    ...{ name: pipeline, position: durable - behind, behind },
    failures: failures.get(pipeline) ?? 0,
  }));
}

const histogram = 'snapledger_log_flush_seconds';

/** The flushes of a daemon from its metrics. */
export function flushesIn(metrics: string, pid: number): FlushHistogram {
  const named = namedIn(metrics);
  const buckets = named(`${histogram}_bucket`);
  return {
    pid,
    limits: buckets.map(({ labels: { le = '' } }) => (le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le))),
    counts: buckets.map(({ value }) => value),
    seconds: named(`${histogram}_sum`)[0]?.value ?? 0,
  };
}
