import type { Row } from './row.ts';

/** How many times a noisy row is measured again. */
export const maxRepeats = 3;

/**
 * Measures once, and again while a row is noisy and time is left: no repetition begins that would end after `until` if it took as
 * long as the last one. `measure` adds rounds to those that it has, and gives the rows of all of them: an interval narrows with
 * each repetition, unless the machine prevents it.
 */
export async function untilSteady(
  { until }: { readonly until: number },
  measure: () => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  let began = performance.now();
  let rows = await measure();
  for (let repeats = 0; repeats < maxRepeats && rows.some(({ noisy }) => noisy); repeats++) {
    const now = performance.now();
    if (now + (now - began) > until) break;
    began = now;
    rows = await measure();
  }
  return rows;
}
