import { minPairs, type Row } from './row.ts';
import { figure, intervalText, times } from './table.ts';

/** A median below this part of the other build's, in its whole interval, is a regression. */
export const least = 0.95;

/** Whether this build is slower: the interval of the ratio's median lies below 0.95, and rests on enough pairs. */
export const isRegression = ({ interval }: Row): boolean =>
  interval !== undefined && interval.pairs >= minPairs && interval.high < least;

/** One row of a comparison of two builds: both medians, their ratio, and what follows. */
export function comparisonLine(row: Row): string {
  const { workload, variant, unit, ours, theirs, ratio, interval, noisy } = row;
  if (theirs === undefined || ratio === undefined || interval === undefined) return `${workload}, ${variant}: no pairs`;
  const verdict = isRegression(row) ? 'REGRESSION' : noisy ? 'noisy' : 'ok';
  const medians = `${figure(ours.value.median)} ${unit}, ${theirs.name} ${figure(theirs.value.median)}`;
  const range = `${times(ratio.low)}-${times(ratio.high)}, median's interval ${intervalText(interval)}`;
  return `${verdict.padEnd(10)} ${workload}, ${variant}: ${medians}: ${times(ratio.median)} times as fast (${range})`;
}
