import type { Row } from './row.ts';

/** How many times a noisy row is measured again. */
export const maxRepeats = 3;

/**
 * Measures once, and again while a row is noisy. `measure` adds rounds to those that it has, and gives the rows of all of them:
 * an interval narrows with each repetition, unless the machine prevents it.
 */
export async function untilSteady(measure: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
  let rows = await measure();
  for (let repeats = 0; repeats < maxRepeats && rows.some(({ noisy }) => noisy); repeats++) rows = await measure();
  return rows;
}
