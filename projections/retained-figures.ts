import type { State } from './state.ts';

export interface RetainedFigures {
  readonly count: number;
  /** own bytes together, as far as they were measured */
  readonly bytes: number;
  /** time of the oldest removal, nanoseconds since 1970 UTC; undefined where nothing is retained */
  readonly oldest: bigint | undefined;
}

/** What is kept of removed layers. Costs a walk over all of them. */
export function retainedFigures({ volumes, usage }: State): RetainedFigures {
  let bytes = 0;
  let oldest: bigint | undefined;
  for (const [id, { removed }] of volumes.retained) {
    bytes += usage.get(id)?.bytes ?? 0;
    if (oldest === undefined || removed < oldest) oldest = removed;
  }
  return { count: volumes.retained.size, bytes, oldest };
}
