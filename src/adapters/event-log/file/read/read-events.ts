import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../../../../events/envelope.ts';
import { faultOf } from '../../../../ports/fault.ts';
import { damageFault } from '../format/damage.ts';
import { decodeRecord, unreadable } from '../format/decode-record.ts';
import { eventBody } from '../format/line.ts';
import { chainHashOf, type Segment } from '../format/segment.ts';
import { withFile } from './load-segments.ts';
import { bytesIn, type Stretch, verifiedAhead, worthAThread } from './read-ahead.ts';
import { openSegment, type SegmentFile } from './segment-file.ts';
import { walkSegment } from './walk-segment.ts';

const lineFeed = 0x0a;

/**
 * Decoded events after a position, a block at a time, up to the end that the last segment has at the time of reading.
 * Others get their turn between two blocks. No thread reads ahead beyond the segment that holds `upTo`.
 */
export async function* readEvents(
  segments: readonly Segment[],
  after: number,
  { upTo = Number.POSITIVE_INFINITY, threadFrom = worthAThread } = {},
): AsyncGenerator<readonly Envelope[]> {
  const start = Math.max(
    segments.findLastIndex(({ header }) => header.first <= after + 1),
    0,
  );
  const finished = segments.slice(start, -1).filter(({ header }) => header.first <= upTo);
  const stretches = finished.map(({ path, end, places }) => ({ path, from: places.nearest(after), to: end.offset }));
  const ahead = bytesIn(stretches) >= threadFrom;
  if (ahead) yield* readAhead(stretches, after);
  const from = Math.max(after, ahead ? (finished.at(-1)?.end.position ?? 0) : 0);
  for (const segment of segmentsAfter(segments, from)) yield* readSegment(segment, from);
}

/** The segments with events after a position, those that begin meanwhile included. */
export function* segmentsAfter(segments: readonly Segment[], after: number): Generator<Segment> {
  const start = segments.findLastIndex(({ header }) => header.first <= after + 1);
  for (let index = Math.max(start, 0); index < segments.length; index++) {
    const segment = segments[index];
    if (segment !== undefined && segment.end.position > after) yield segment;
  }
}

async function* readAhead(stretches: readonly Stretch[], after: number): AsyncGenerator<readonly Envelope[]> {
  for await (const { path, bytes, first, damage } of verifiedAhead(stretches)) {
    const records = [...recordsIn(bytes, first)].filter(({ position }) => position > after);
    if (records.length > 0) yield records.map((record) => decodedOrThrow(path, record));
    if (damage !== undefined) throw damageFault(damage);
  }
}

/** The records in whole lines, which are known to stand one after the other from a position on. */
function* recordsIn(bytes: Buffer, first: number): IterableIterator<{ position: number; body: string }> {
  let position = first;
  for (let start = 0; start < bytes.length; position++) {
    const end = bytes.indexOf(lineFeed, start) + 1;
    yield { position, body: eventBody(bytes, start, end) };
    start = end;
  }
}

async function* readSegment(segment: Segment, after: number): AsyncGenerator<readonly Envelope[]> {
  const { path, places } = segment;
  const handle = await openForReading(path);
  try {
    for await (const { records, damage } of walkSegment(
      handle,
      segment,
      places.nearest(after),
      () => segment.end.offset,
    )) {
      const wanted = records.filter(({ position }) => position > after);
      if (wanted.length > 0) yield wanted.map((record) => decodedOrThrow(path, record));
      if (damage !== undefined) throw damageFault(damage);
    }
  } finally {
    await handle.close();
  }
}

/** A segment's file; the caller closes it. */
export async function openForReading(path: string): Promise<SegmentFile> {
  try {
    return await openSegment(path);
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

/** The envelope in a record. Throws a Fault (`unsupported`) for one of a newer release. */
export function decodedOrThrow(path: string, record: { position: number; body: string }): Envelope {
  const envelope = decodeRecord(record);
  if (either.isLeft(envelope)) throw unreadable(path, record.position, envelope.left);
  return envelope.right;
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
  return withFile(segment.path, async (handle) => {
    for await (const { records, damage } of walkSegment(
      handle,
      segment,
      segment.places.nearest(position - 1),
      () => segment.end.offset,
    )) {
      const record = records.find((candidate) => candidate.position === position);
      if (record !== undefined) return record.hash;
      if (damage !== undefined) throw damageFault(damage);
    }
    return undefined;
  });
}
