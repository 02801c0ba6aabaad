import type { Flushes } from '../api/rows.ts';
import { millisecondsOf } from './units.ts';

/** Flush times as lines over time, in milliseconds. Null: there was no flush, or no page was open. */
export interface FlushLines {
  /** seconds since 1970 */
  readonly times: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly flushes: number;
  /** of p99 */
  readonly highest: number;
}

export function flushLines(points: Flushes['points']): FlushLines {
  const times: number[] = [];
  const [p50, p99]: [(number | null)[], (number | null)[]] = [[], []];
  let end: string | undefined;
  for (const point of points) {
    const some = point.count > 0;
    // A line must not go on over a time that was not observed.
    if (end !== undefined && end !== point.from) {
      times.push(millisecondsOf(point.from) / 1000);
      p50.push(null);
      p99.push(null);
    }
    end = point.to;
    times.push(millisecondsOf(point.to) / 1000);
    p50.push(some ? point.p50 * 1000 : null);
    p99.push(some ? point.p99 * 1000 : null);
  }
  const flushes = points.reduce((sum, { count }) => sum + count, 0);
  return { times, p50, p99, flushes, highest: Math.max(0, ...points.map((point) => point.p99 * 1000)) };
}
