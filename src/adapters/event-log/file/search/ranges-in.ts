import type { PositionRange, ReadableLog } from '../../../../ports/readable-log.ts';
import type { Segment } from '../format/segment.ts';
import { createBlocks, noFilter } from './blocks-of.ts';

/** Finds events by their time in segments that don't grow meanwhile, as ReadableLog says, by the lowest and highest stamp of each block. */
export function createRangesIn(
  segments: readonly Segment[],
  indexes: string | undefined,
): NonNullable<ReadableLog['rangesIn']> {
  const blocksOf = createBlocks(indexes, noFilter);
  return async ({ since, until }) => {
    const ranges: PositionRange[] = [];
    for (const segment of segments) {
      const blocks = await blocksOf(segment);
      for (const [at, { first, earliest, latest }] of blocks.entries()) {
        if ((until !== undefined && earliest > until) || (since !== undefined && latest < since)) continue;
        const last = (blocks[at + 1]?.first ?? segment.end.position + 1) - 1;
        const before = ranges.at(-1);
        if (before?.last === first - 1) ranges[ranges.length - 1] = { first: before.first, last };
        else ranges.push({ first, last });
      }
    }
    return ranges;
  };
}
