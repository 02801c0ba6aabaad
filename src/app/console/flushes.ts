import { wallClock } from '../audit/moment.ts';
import type { Flushes, FlushFigures } from './rows.ts';

/** How often the flushes of a daemon took how long, since its start. */
export interface FlushHistogram {
  /** of the daemon */
  readonly pid: number;
  /** rising, in seconds; the last one is infinite */
  readonly limits: readonly number[];
  /** how many took up to each limit */
  readonly counts: readonly number[];
  /** seconds of all together */
  readonly seconds: number;
}

/** Flush times of the running daemon, by period. They are sampled while `note` is called. */
export interface FlushTimes {
  /** Takes a sample, unless the last one is new. Never rejects. */
  note(): Promise<void>;
  flushes(): Promise<Flushes>;
}

interface FlushLimits {
  /** milliseconds between two samples, at least */
  readonly every: number;
  /** periods that are kept: the newest */
  readonly periods: number;
}

/** An hour; a little less than the state's pace, which asks for samples. */
const usual: FlushLimits = { every: 4_500, periods: 720 };

type Point = Flushes['points'][number];

export function createFlushTimes(
  sample: () => Promise<FlushHistogram | undefined>,
  { every, periods } = usual,
): FlushTimes {
  const points: Point[] = [];
  let last: { readonly histogram: FlushHistogram; readonly time: bigint } | undefined;
  let asked = Number.NEGATIVE_INFINITY;
  let sampling: Promise<void> = Promise.resolve();
  const take = async () => {
    const histogram = await sample().catch(() => undefined);
    const time = wallClock();
    const between = last && histogram && since(last.histogram, histogram);
    if (last !== undefined && between !== undefined) points.push({ from: last.time, to: time, ...figuresOf(between) });
    if (points.length > periods) points.shift();
    last = histogram && { histogram, time };
  };
  const note = () => {
    if (performance.now() - asked >= every) {
      asked = performance.now();
      sampling = take();
    }
    return sampling;
  };
  return {
    note,
    flushes: async () => {
      await note();
      const total = last && figuresOf(last.histogram);
      return { daemon: last !== undefined, total: total?.count ? total : null, points: [...points] };
    },
  };
}

/** The flushes between two samples; undefined if another daemon began meanwhile. */
function since(before: FlushHistogram, now: FlushHistogram): FlushHistogram | undefined {
  if (before.pid !== now.pid || before.limits.length !== now.limits.length) return undefined;
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0));
  return { ...now, counts, seconds: now.seconds - before.seconds };
}

/** A quantile is the limit up to which that share took: not less than the quantile. Beyond the last finite limit it is that limit. */
export function figuresOf({ limits, counts, seconds }: FlushHistogram): FlushFigures {
  const count = counts.at(-1) ?? 0;
  if (count === 0) return { count: 0, mean: 0, p50: 0, p99: 0 };
  const highest = limits.findLast(Number.isFinite) ?? 0;
  const quantile = (share: number) =>
    Math.min(limits[counts.findIndex((upTo) => upTo >= share * count)] ?? highest, highest);
  return { count, mean: seconds / count, p50: quantile(0.5), p99: quantile(0.99) };
}
