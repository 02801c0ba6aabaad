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

/** All in milliseconds. */
interface FlushLimits {
  /** between two samples, at least */
  readonly every: number;
  /** of a period, at most: in a longer one no page was connected for a time */
  readonly longest: number;
  /** for which a period is kept */
  readonly kept: number;
}

/** Samples are a little more frequent than the state's messages, which ask for them. */
const usual: FlushLimits = { every: 4_500, longest: 15_000, kept: 3_600_000 };

type Point = Flushes['points'][number];

export function createFlushTimes(
  sample: () => Promise<FlushHistogram | undefined>,
  { every, longest, kept } = usual,
): FlushTimes {
  let points: readonly Point[] = [];
  let last: { readonly histogram: FlushHistogram; readonly time: bigint } | undefined;
  let asked = Number.NEGATIVE_INFINITY;
  let sampling: Promise<void> = Promise.resolve();
  const take = async () => {
    const histogram = await sample().catch(() => undefined);
    const time = wallClock();
    const from = last !== undefined && time - last.time <= nanoseconds(longest) ? last : undefined;
    const between = from && histogram && since(from.histogram, histogram);
    const point = from && between && { from: from.time, to: time, ...figuresOf(between) };
    points = [...points, ...(point ? [point] : [])].filter(({ to }) => to > time - nanoseconds(kept));
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
      return { daemon: last !== undefined, total: total?.count ? total : null, points };
    },
  };
}

const nanoseconds = (milliseconds: number) => BigInt(milliseconds) * 1_000_000n;

/** The flushes between two samples; undefined if another daemon began meanwhile. In a container each of them has the same pid. */
function since(before: FlushHistogram, now: FlushHistogram): FlushHistogram | undefined {
  if (before.pid !== now.pid || before.limits.length !== now.limits.length) return undefined;
  const counts = now.counts.map((count, at) => count - (before.counts[at] ?? 0));
  if (counts.some((count) => count < 0)) return undefined;
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
