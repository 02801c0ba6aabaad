/** The middle of several rounds, and the smallest and largest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Throws a TypeError if there were no rounds. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new TypeError('no rounds to take a median of');
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** The mean of the two middle values for an even count. */
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** The value that this part of all is below; between two values, in proportion. 0 if there are none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * part;
  const before = sorted[Math.floor(place)] ?? 0;
  const after = sorted[Math.ceil(place)] ?? 0;
  return before + (after - before) * (place - Math.floor(place));
}

/** Each round's figure over the one that the other had in the same round: what disturbs both then cancels out. */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  if (ours.length !== theirs.length) throw new TypeError('rounds without their counterpart');
  return ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
}

/** An interval that holds a median, and the number of pairs that it rests on. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/**
 * The 95 % confidence interval of the median, whatever the distribution: the values of two ranks, because each value is above the
 * median with a chance of one half. Fewer than six values give their smallest and largest, 94 % with five.
 * Throws a TypeError if there are no values.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const pairs = sorted.length;
  let rank = 0;
  // Of both sides: the chance that the median lies beyond the value of that rank.
  let chance = 2 * 0.5 ** pairs;
  for (let beyond = chance; rank < (pairs - 1) / 2; rank++) {
    chance *= (pairs - rank) / (rank + 1);
    beyond += chance;
    if (beyond > 0.05) break;
  }
  const [low, high] = [sorted[rank], sorted[pairs - 1 - rank]];
  if (low === undefined || high === undefined) throw new TypeError('no rounds to take an interval of');
  return { low, high, pairs };
}
