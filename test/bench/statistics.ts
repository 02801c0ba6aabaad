/** The middle of several rounds, and the smallest and largest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Throws a TypeError if there were no rounds. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [low] = sorted;
  const high = sorted.at(-1);
  if (low === undefined || high === undefined) throw new TypeError('no rounds to take a median of');
  return { median: quantile(sorted, 0.5), low, high };
}

/** The mean of the two middle values for an even count. */
function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part;
  const before = sorted[Math.floor(place)] ?? 0;
  const after = sorted[Math.ceil(place)] ?? 0;
  return (before + after) / 2;
}

/** Each round's figure over the one that the other had in the same round: what disturbs both then cancels out. */
export function ratiosOf(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new TypeError('rounds without their counterpart');
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}
