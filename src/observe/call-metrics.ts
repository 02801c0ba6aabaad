import type { Histogram, Registry } from 'prom-client';

/** upper bounds in seconds */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** Calls of one method with one status. */
interface Series {
  readonly method: string;
  readonly code: string;
  /** calls of each bucket alone; the last one is for those above all bounds */
  readonly counts: number[];
  sum: number;
}

/**
 * Counts calls and their durations. prom-client's own Histogram looks its series up by the text of its labels at each observation: for
 * every call that took longer than to find the answer of a Stat. Here it gets the sums at a scrape.
 */
export function createCallMetrics(registry: Registry): (method: string, code: string, seconds: number) => void {
  const byMethod = new Map<string, Map<string, Series>>();
  const seriesOf = (method: string, code: string): Series => {
    const byCode = byMethod.get(method) ?? new Map<string, Series>();
    byMethod.set(method, byCode);
    const series = byCode.get(code) ?? { method, code, counts: Array(buckets.length + 1).fill(0), sum: 0 };
    byCode.set(code, series);
    return series;
  };
  const name = 'snapledger_call_duration_seconds';
  const help = 'Answered calls by method and status, with the time from arrival to answer';
  const get = async () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...byMethod.values()].flatMap((byCode) =>
      [...byCode.values()].flatMap((series) => valuesOf(name, series)),
    ),
  });
  // As far as a registry uses it, a metric is what `get` resolves with.
  registry.registerMetric({ name, get } as unknown as Histogram);
  return (method, code, seconds) => {
    const series = byMethod.get(method)?.get(code) ?? seriesOf(method, code);
    const bucket = buckets.findIndex((bound) => seconds <= bound);
    const index = bucket === -1 ? buckets.length : bucket;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
  };
}

/** The lines of a histogram in the text format: buckets are cumulative. */
function valuesOf(name: string, { method, code, counts, sum }: Series) {
  let count = 0;
  const cumulative = counts.map((calls, index) => {
    count += calls;
    const labels = { le: buckets[index] ?? '+Inf', method, code };
    return { metricName: `${name}_bucket`, labels, value: count };
  });
  const labels = { method, code };
  return [
    ...cumulative,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
