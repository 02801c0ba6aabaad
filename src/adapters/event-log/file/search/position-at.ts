import { withFile } from '../load-segments.ts';
import { readEvents } from '../read-events.ts';
import { readLines } from '../read-lines.ts';
import type { Segment } from '../segment.ts';

const timeField = /"time":"([0-9]+)"/;

/** The last position whose event is not later than a time: the segment by its first event's time, then event by event. */
export async function positionAt(segments: readonly Segment[], time: bigint): Promise<number> {
  let low = 0;
  for (let high = segments.length; low < high; ) {
    const middle = (low + high) >>> 1;
    const began = await timeOfFirst(segments[middle]);
    if (began !== undefined && began <= time) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low - 1];
  if (segment === undefined) return 0;
  let position = 0;
  for await (const batch of readEvents([segment], segment.header.first - 1))
    for (const envelope of batch) {
      if (envelope.time > time) return position;
      position = envelope.position;
    }
  return position;
}

/** Undefined for a segment without events: only the last can be one. */
async function timeOfFirst(segment: Segment | undefined): Promise<bigint | undefined> {
  if (segment === undefined) return undefined;
  const { path, header, end } = segment;
  const block = await withFile(path, (handle) =>
    readLines(handle, header.bytes, Math.min(end.offset, header.bytes + 65_536)),
  );
  const digits = timeField.exec(block.toString('latin1'))?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
