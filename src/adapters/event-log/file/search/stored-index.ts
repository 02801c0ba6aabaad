import type { Segment } from '../format/segment.ts';
import { withFile } from '../read/load-segments.ts';
import { lastPlace } from '../verify/check-seams.ts';
import { type Index, indexPath, readIndex } from './index-file.ts';

/**
 * The index that is kept of a segment; of one that is written it ends somewhere before the segment does. Undefined where there
 * is none, or one of something else: events that were taken back are found out by the hash where the index ends.
 */
export async function keptIndex(indexes: string, { path, header, end }: Segment): Promise<Index | undefined> {
  const index = readIndex(indexPath(indexes, header.first));
  if (index === undefined || index.end.offset > end.offset) return undefined;
  const { chain, offset } = index.end;
  if (offset === end.offset) return chain === end.chain ? index : undefined;
  const place = await withFile(path, (handle) => lastPlace(handle, header, offset));
  return place?.chain === chain ? index : undefined;
}
