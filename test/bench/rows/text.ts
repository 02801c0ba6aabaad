import type { Row } from './row.ts';
import type { Interval, Spread } from './statistics.ts';

/** `515 (477-548)` */
export const spreadText = ({ median, low, high }: Spread, show: (value: number) => string): string =>
  `${show(median)} (${show(low)}-${show(high)})`;

/** `0.91-0.98 of 15` */
export const intervalText = ({ low, high, pairs }: Interval): string => `${times(low)}-${times(high)} of ${pairs}`;

/**
 * The target, and whether the median reaches it, at the precision that is shown: `2.50 missed`. Not certain: the target lies in the
 * interval of the median. Noisy: the interval is too wide for either.
 */
export function outcome({ ratio, interval, target, noisy }: Row): string {
  if (target === undefined) return noisy ? 'noisy' : '';
  if (ratio === undefined || noisy) return `${times(target)} noisy`;
  const uncertain = interval !== undefined && interval.low < target && target < interval.high;
  const reached = Number(times(ratio.median)) >= Number(times(target));
  return `${times(target)} ${reached ? 'reached' : 'missed'}${uncertain ? ', not certain' : ''}`;
}

/** With as many digits as mean something. */
export function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(value >= 10 ? 3 : 2);
}

export const times = (ratio: number): string => (ratio >= 10 ? ratio.toFixed(1) : ratio.toFixed(2));
