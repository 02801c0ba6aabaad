import { type Segment, startOf } from '../format/segment.ts';
import type { IndexedBlock } from './index-file.ts';
import { anyTime, indexSegment } from './index-segment.ts';
import { keptIndex } from './stored-index.ts';

/** What is known of a segment, block by block. */
export type BlocksOf = (segment: Segment) => Promise<readonly IndexedBlock[]>;

/** So many bytes are looked through faster than they are indexed, unless that is done again and again. */
const fewBytes = 4 << 20;
/** A filter that turns nothing away. */
const anything = Buffer.of(0xff);

/**
 * The blocks of segments that don't grow meanwhile, each asked for once: what the index that is kept of a segment says, and
 * for the rest of it what is found by reading; a rest of few bytes is one block that may hold anything. `filterFor` as in
 * `indexSegment`, for what is read.
 */
export function createBlocks(indexes: string | undefined, filterFor?: (text: string) => Buffer): BlocksOf {
  const known = new Map<Segment, Promise<readonly IndexedBlock[]>>();
  return (segment) => {
    const found = known.get(segment) ?? load(segment, indexes, filterFor);
    known.set(segment, found);
    return found;
  };
}

/** Filters of blocks whose lines are asked for by time alone. */
export const noFilter = (): Buffer => anything;

async function load(segment: Segment, indexes: string | undefined, filterFor?: (text: string) => Buffer) {
  const kept = indexes === undefined ? undefined : await keptIndex(indexes, segment);
  const { offset: from, position } = kept?.end ?? startOf(segment.header);
  const to = segment.end.offset;
  if (from === to) return kept?.blocks ?? [];
  const rest =
    to - from > fewBytes
      ? await indexSegment(segment, from, filterFor)
      : [{ from, to, first: position + 1, bits: anything, ...anyTime }];
  return [...(kept?.blocks ?? []), ...rest];
}
