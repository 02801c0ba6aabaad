import type { Results } from './results.ts';
import type { Row } from './row.ts';
import type { Spread } from './statistics.ts';

/** The results as a table in Markdown: medians, in brackets the smallest and the largest round. */
export function table({ machine, command, rows }: Results): string {
  return [
    `Measured by \`${command}\` on ${machine}.`,
    '',
    '| what | unit | snapledger | against | its figure | times better | to reach |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(tableLine),
    '',
  ].join('\n');
}

/** One row of the table. */
export function tableLine({ workload, variant, unit, ours, theirs, ratio, target }: Row): string {
  const cells = [
    `${workload}, ${variant}`,
    unit,
    spread(ours.value, figure),
    theirs?.name ?? '',
    theirs === undefined ? '' : spread(theirs.value, figure),
    ratio === undefined ? '' : spread(ratio, times),
    target === undefined ? '' : `${times(target)}${reached(ratio, target) ? '' : ' (not reached)'}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const spread = ({ median, low, high }: Spread, show: (value: number) => string) =>
  `${show(median)} (${show(low)}-${show(high)})`;

/** The median decides, at the precision that is shown. */
export const reached = (ratio: Spread | undefined, target: number): boolean =>
  ratio !== undefined && Number(times(ratio.median)) >= Number(times(target));

/** With as many digits as mean something. */
export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2);
}

export const times = (ratio: number): string => (ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2));
