import { minPairs, type Row } from './row.ts';
import { figure, intervalText, outcome, times } from './text.ts';

/** A median below this part of the other build's, in its whole interval, is a regression. */
export const least = 0.95;

/** Whether this build is slower: the interval of the ratio's median lies below 0.95, and rests on enough pairs. */
export const isRegression = ({ interval }: Row): boolean =>
  interval !== undefined && interval.pairs >= minPairs && interval.high < least;

/** One row of a comparison of two builds, with what follows from it. */
export const comparisonLine = (row: Row): string =>
  `${(isRegression(row) ? 'REGRESSION' : row.noisy ? 'noisy' : 'ok').padEnd(10)} ${comparison(row)}`;

/** One row, and whether its target is reached. */
export function rowLine(row: Row): string {
  const verdict = outcome(row);
  return `${comparison(row)}${verdict === '' ? '' : `; ${row.target === undefined ? '' : 'target '}${verdict}`}`;
}

/** Both medians, and how many times as fast ours is. */
function comparison({ workload, variant, unit, ours, theirs, ratio, interval }: Row): string {
  const mine = `${workload}, ${variant}: ${figure(ours.value.median)} ${unit}`;
  if (theirs === undefined || ratio === undefined || interval === undefined) return mine;
  const compared = `${theirs.name} ${figure(theirs.value.median)} ${unit}: ${times(ratio.median)} times as fast`;
  return `${mine}, ${compared} (95 %: ${intervalText(interval)} pairs)`;
}
