import type { Results } from './results.ts';
import type { Row } from './row.ts';
import type { Interval, Spread } from './statistics.ts';

/**
 * The results as a table in Markdown: medians, in brackets the smallest and the largest round. The interval of the ratio's median
 * is the one of `medianInterval`; processor time is ours / theirs for one operation, or for one layer.
 */
export function table({ machine, command, rows }: Results): string {
  return [
    `Measured by \`${command}\` on ${machine}.`,
    '',
    '| what | unit | snapledger | against | its figure | times better | of the median, pairs | processor time, ms | to reach |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(tableLine),
    '',
  ].join('\n');
}

/** One row of the table. */
export function tableLine(row: Row): string {
  const { workload, variant, unit, ours, theirs, ratio, interval } = row;
  const cells = [
    `${workload}, ${variant}`,
    unit,
    spread(ours.value, figure),
    theirs?.name ?? '',
    theirs === undefined ? '' : spread(theirs.value, figure),
    ratio === undefined ? '' : spread(ratio, times),
    interval === undefined ? '' : intervalText(interval),
    [ours, theirs]
      .flatMap((figures) => (figures?.processor === undefined ? [] : figure(figures.processor)))
      .join(' / '),
    outcome(row),
  ];
  return `| ${cells.join(' | ')} |`;
}

const spread = ({ median, low, high }: Spread, show: (value: number) => string) =>
  `${show(median)} (${show(low)}-${show(high)})`;

/** `0.91-0.98 of 15` */
export const intervalText = ({ low, high, pairs }: Interval): string => `${times(low)}-${times(high)} of ${pairs}`;

function outcome({ ratio, target, noisy }: Row): string {
  const verdict = noisy ? 'noisy' : target === undefined || reached(ratio, target) ? '' : 'not reached';
  if (target === undefined) return verdict;
  return verdict === '' ? times(target) : `${times(target)} (${verdict})`;
}

/** The median decides, at the precision that is shown. */
export const reached = (ratio: Spread | undefined, target: number): boolean =>
  ratio !== undefined && Number(times(ratio.median)) >= Number(times(target));

/** With as many digits as mean something. */
export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2);
}

export const times = (ratio: number): string => (ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2));
