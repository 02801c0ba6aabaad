import type { Envelope } from '../../../../../events/envelope.ts';
import type { EncodedEvents } from '../../../../ports/event-log.ts';
import { faultOf } from '../../../../ports/fault.ts';
import { damageFault } from '../format/damage.ts';
import { decodedOrThrow } from '../format/line.ts';
import { chainHashOf, type Segment } from '../format/segment.ts';
import { bodyIn, encodedAfter, hashIn, linesIn, type WalkedBlock, walkSegment } from '../verify/verify-lines.ts';
import { verifiedAhead } from './read-ahead.ts';
import { openSegment } from './segment-file.ts';

/** A thread takes 0.1 s to start: fewer bytes are verified sooner without one. */
export const minThreadBytes = 8 << 20;

interface Reach {
  /** what comes after it need not be read */
  readonly upTo?: number | undefined;
  /** bytes of complete segments from which on a thread verifies them, a few megabytes ahead */
  readonly threadFrom?: number;
}

/**
 * Decoded events after a position, a block at a time, up to the end that the last segment has at the time of reading.
 * Yields to the event loop between two blocks. No thread reads ahead beyond the segment that holds `upTo`.
 */
export async function* readEvents(
  segments: readonly Segment[],
  after: number,
  { upTo = Number.POSITIVE_INFINITY, threadFrom = minThreadBytes }: Reach = {},
): AsyncGenerator<readonly Envelope[]> {
  for await (const { path, block } of verifiedBlocks(segments, after, { upTo, threadFrom })) {
    yield* decodedBetween(path, block, after, upTo);
    if (block.end.position >= upTo) return;
  }
}

/** Encoded events after a position, verified like those that are decoded, by default without a thread. Throws `corrupt`. */
export async function* readEncodedEvents(
  segments: readonly Segment[],
  after: number,
  { threadFrom = Number.POSITIVE_INFINITY }: Pick<Reach, 'threadFrom'> = {},
): AsyncGenerator<EncodedEvents> {
  for await (const { block } of verifiedBlocks(segments, after, { threadFrom })) {
    const first = Math.max(after, block.start.position) + 1;
    const lines = encodedAfter(block, after);
    if (lines.length > 0) yield { first, count: block.end.position - first + 1, lines };
  }
}

interface VerifiedBlock {
  readonly path: string;
  readonly block: WalkedBlock;
}

/** Blocks with events after a position. Throws `corrupt` after the last line in order. */
async function* verifiedBlocks(
  segments: readonly Segment[],
  after: number,
  { upTo = Number.POSITIVE_INFINITY, threadFrom = Number.POSITIVE_INFINITY }: Reach,
): AsyncGenerator<VerifiedBlock> {
  const complete = segments.slice(firstIndex(segments, after), -1).filter(({ header }) => header.first <= upTo);
  const ranges = complete.map(({ path, end, offsets }) => ({ path, from: offsets.nearest(after), to: end.offset }));
  let from = after;
  const bytes = complete.reduce((sum, segment) => sum + bytesBetween(segment, after, upTo), 0);
  if (bytes >= threadFrom) {
    for await (const block of verifiedAhead(ranges)) {
      yield { path: block.path, block };
      if (block.damage !== undefined) throw damageFault(block.damage);
    }
    from = Math.max(after, complete.at(-1)?.end.position ?? 0);
  }
  for (const segment of segmentsAfter(segments, from))
    for await (const block of blocksAfter(segment, from)) yield { path: segment.path, block };
}

/** The chain hash at a position up to the end of the last segment; undefined for any other position. Throws `corrupt`. */
export async function readChainHash(segments: readonly Segment[], position: number): Promise<string | undefined> {
  const [oldest] = segments;
  if (position === (oldest?.header.first ?? 1) - 1) return oldest?.header.before;
  const segment = segments.findLast(({ header }) => header.first <= position);
  if (segment === undefined || position > segment.end.position) return undefined;
  const { gap } = segment.header;
  if (position === gap?.last) return gap.chainHash;
  if (position === segment.end.position) return chainHashOf(segment.end, segment.header);
  for await (const block of blocksAfter(segment, position - 1))
    for (const line of linesIn(block)) if (line.position === position) return hashIn(block.lines, line);
  return undefined;
}

/** Bytes of a segment from a position up to another one, as far as that is known: otherwise it is taken to be near. */
function bytesBetween({ end, offsets }: Segment, after: number, upTo: number): number {
  const to = upTo >= end.position ? end.offset : offsets.nearest(upTo).offset;
  return Math.max(0, to - offsets.nearest(after).offset);
}

const firstIndex = (segments: readonly Segment[], after: number) =>
  Math.max(
    segments.findLastIndex(({ header }) => header.first <= after + 1),
    0,
  );

/** The segments with events after a position, including those that begin meanwhile. */
function* segmentsAfter(segments: readonly Segment[], after: number): Generator<Segment> {
  for (let index = firstIndex(segments, after); index < segments.length; index++) {
    const segment = segments[index];
    if (segment !== undefined && segment.end.position > after) yield segment;
  }
}

/** Verified blocks of a segment, beginning at or before a position. Throws `corrupt` after the last line in order. */
async function* blocksAfter(segment: Segment, after: number): AsyncGenerator<WalkedBlock> {
  const { path, offsets } = segment;
  const file = await openSegment(path).catch((error) => {
    throw faultOf(error, `log segment ${path}`);
  });
  const options = { from: offsets.nearest(after), to: () => segment.end.offset, note: offsets.note };
  try {
    for await (const block of walkSegment(file, path, options)) {
      if (block.end.position > after) yield block;
      if (block.damage !== undefined) throw damageFault(block.damage);
    }
  } finally {
    await file.close();
  }
}

/** The events of a block after a position up to another one, if any. */
function* decodedBetween(path: string, block: Pick<WalkedBlock, 'lines' | 'start'>, after: number, upTo: number) {
  const events: Envelope[] = [];
  for (const line of linesIn(block)) {
    if (line.position > upTo) break;
    if (line.position > after) events.push(decodedOrThrow(path, line.position, bodyIn(block.lines, line)));
  }
  if (events.length > 0) yield events;
}
