import { Histogram, type Registry } from 'prom-client';

/** Takes note of one answered call: its method, the status it got by name, and how long it took. */
export type ObserveCall = (method: string, code: string, seconds: number) => void;

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** The series of each pair of labels is looked up once: a call costs two map reads and the histogram's count. */
export function createCallMetrics(registry: Registry): ObserveCall {
  const histogram = new Histogram({
    name: 'snapledger_call_duration_seconds',
    help: 'Answered calls by method and status, with the time from arrival to answer',
    labelNames: ['method', 'code'],
    buckets,
    registers: [registry],
  });
  const series = new Map<string, Histogram.Internal<'method' | 'code'>>();
  return (method, code, seconds) => {
    const pair = `${method} ${code}`;
    let one = series.get(pair);
    if (one === undefined) {
      one = histogram.labels(method, code);
      series.set(pair, one);
    }
    one.observe(seconds);
  };
}
