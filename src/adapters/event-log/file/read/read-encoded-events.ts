import type { EncodedEvents } from '../../../../ports/event-log.ts';
import { damageFault } from '../format/damage.ts';
import type { Segment } from '../format/segment.ts';
import { type EncodedBlock, verifyEncoded } from '../verify/verify-encoded.ts';
import { openForReading, segmentsAfter } from './read-events.ts';
import { walkBlocks } from './walk-segment.ts';

/** Events after a position as they stand in the log, verified like those that are decoded. Throws `corrupt`. */
export async function* readEncodedEvents(segments: readonly Segment[], after: number): AsyncGenerator<EncodedEvents> {
  for (const segment of segmentsAfter(segments, after)) yield* readSegment(segment, after);
}

async function* readSegment(segment: Segment, after: number): AsyncGenerator<EncodedEvents> {
  const handle = await openForReading(segment.path);
  const range = { from: segment.places.nearest(after), to: () => segment.end.offset };
  try {
    for await (const block of walkBlocks(handle, segment, range, verifyEncoded)) {
      if (block.count > 0 && block.end.position > after) yield eventsAfter(block, after);
      if (block.damage !== undefined) throw damageFault(block.damage);
    }
  } finally {
    await handle.close();
  }
}

function eventsAfter({ lines, count, end }: EncodedBlock, after: number): EncodedEvents {
  const before = end.position - count;
  const skipped = Math.max(0, after - before);
  let start = 0;
  for (let skip = skipped; skip > 0; skip--) start = lines.indexOf('\n', start) + 1;
  return { first: before + skipped + 1, count: count - skipped, lines: lines.subarray(start) };
}
