import type { ChainedLine } from '../format/line.ts';
import type { Cursor } from '../format/segment.ts';
import type { ActiveSegment } from './active-segment.ts';

/** How an append is to be stored. */
export interface Demand {
  /** it may use the reserve */
  readonly reserve: boolean;
  /** a caller waits for it */
  readonly awaited: boolean;
}

/** The events of one append, chained for a segment and not durable yet. */
export interface PendingAppend extends Demand {
  readonly active: ActiveSegment;
  readonly lines: readonly ChainedLine[];
  /** after them */
  readonly end: Cursor;
}
