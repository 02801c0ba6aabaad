import { wallClock } from '../../app/audit/moment.ts';
import { agoOf, dateOf } from '../output/text.ts';
import type { TableOptions } from './tables.ts';

export const right = (title: string) => ({ title, align: 'right' }) as const;
export const left = (title: string) => ({ title });

/** A time to the second, or its age; `-` if it is not known. */
export function timeText(time: bigint | null, { relative }: TableOptions, now = wallClock()): string {
  if (time === null) return '-';
  return relative === true ? agoOf(time, now) : dateOf(time).replace(/\.\d{3}Z$/, 'Z');
}
