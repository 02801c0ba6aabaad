import type { Envelope } from '../../../../../events/envelope.ts';
import type { PositionRange, ReadableLog, TimedBlock } from '../../../../ports/readable-log.ts';
import { damageFault } from '../format/damage.ts';
import { decodedOrThrow, lineFeed, parseLine, positionIn } from '../format/line.ts';
import { type Segment, startOf } from '../format/segment.ts';
import { readBytes, withSegment } from '../read/segment-file.ts';
import { type IndexedBlock, storedIndex } from './index-file.ts';
import { anyTime, indexSegment } from './index-log.ts';
import { fingerprintOf, mayHold, type Token, tokenOf, tokensIn } from './token-filter.ts';

/** With more tokens it is cheaper to parse every line than to search for each token. */
const maxNeedles = 4;

/**
 * A search in segments that don't grow meanwhile. Indexes show which blocks may hold a mention; what is not indexed is
 * indexed in memory, unless it is little. The matching lines of these blocks are found by their bytes, and only they are
 * decoded: their checksums are verified, the chain is not.
 */
export function createSearch(
  segments: readonly Segment[],
  indexes: string | undefined,
): NonNullable<ReadableLog['search']> {
  const blocksOf = createBlocks(indexes);
  return async function* search(mentions) {
    const wanted = mentions.map(tokenOf).map((token) => ({ token, print: fingerprintOf(token) }));
    for (const segment of segments)
      for (const block of await blocksOf(segment)) {
        const tokens = wanted.filter(({ print }) => mayHold(block.bits, print)).map(({ token }) => token);
        const found = tokens.length === 0 ? [] : await searchBlock(segment, block, tokens);
        if (found.length > 0) yield found;
      }
  };
}

/** Finds the positions of a period in segments that don't grow meanwhile, by the lowest and highest stamp of each block. */
export function createRangesIn(
  segments: readonly Segment[],
  indexes: string | undefined,
): NonNullable<ReadableLog['rangesIn']> {
  const blocksOf = createBlocks(indexes, () => matchAll);
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

/** The blocks of the segments' indexes, with their times. */
export async function timedBlocks(
  segments: readonly Segment[],
  indexes: string | undefined,
): Promise<readonly TimedBlock[]> {
  const found: TimedBlock[] = [];
  for (const segment of indexes === undefined ? [] : segments) {
    const stored = await storedIndex(indexes ?? '', segment);
    for (const [at, { first, earliest, latest }] of (stored?.blocks ?? []).entries())
      if (latest < anyTime.latest)
        found.push({
          first,
          last: (stored?.blocks[at + 1]?.first ?? (stored?.end.position ?? first) + 1) - 1,
          earliest,
          latest,
        });
  }
  return found;
}

/** Up to this size, searching is faster than indexing, unless it is repeated often. */
const maxUnindexed = 4 << 20;
/** A filter that any token passes. */
const matchAll = Buffer.of(0xff);

/** The blocks of a segment: those of the stored index, then those found by reading; a short rest is one block. Cached. */
function createBlocks(indexes: string | undefined, filterFor?: (text: string) => Buffer) {
  const known = new Map<Segment, Promise<readonly IndexedBlock[]>>();
  const load = async (segment: Segment): Promise<readonly IndexedBlock[]> => {
    const stored = indexes === undefined ? undefined : await storedIndex(indexes, segment);
    const { offset: from, position } = stored?.end ?? startOf(segment.header);
    const to = segment.end.offset;
    if (from === to) return stored?.blocks ?? [];
    const rest =
      to - from > maxUnindexed
        ? await indexSegment(segment, from, filterFor)
        : [{ from, to, first: position + 1, bits: matchAll, ...anyTime }];
    return [...(stored?.blocks ?? []), ...rest];
  };
  return (segment: Segment) => {
    const found = known.get(segment) ?? load(segment);
    known.set(segment, found);
    return found;
  };
}

async function searchBlock(
  { path, header }: Segment,
  { from, to }: IndexedBlock,
  tokens: readonly Token[],
): Promise<readonly Envelope[]> {
  const bytes = await withSegment(path, (file) => readBytes(file, from, to - from));
  const starts = tokens.length <= maxNeedles ? linesByBytes(bytes, tokens) : linesByTokens(bytes, new Set(tokens));
  return starts.map((start) => {
    const line = parseLine(bytes, start, bytes.indexOf(lineFeed, start) + 1, 'event');
    if (line !== undefined) return decodedOrThrow(path, positionIn(line.body), line.body);
    const what = 'the record is damaged: its checksum does not match';
    throw damageFault({ file: path, offset: from + start, position: header.first, what, broken: true });
  });
}

/** Offsets of the lines that hold any of the tokens, in order. */
function linesByBytes(bytes: Buffer, tokens: readonly Token[]): readonly number[] {
  const starts = new Set<number>();
  for (const token of tokens) {
    const needle = Buffer.from(token, 'latin1');
    for (let at = bytes.indexOf(needle); at !== -1; ) {
      starts.add(bytes.lastIndexOf(lineFeed, at) + 1);
      const next = bytes.indexOf(lineFeed, at);
      at = next === -1 ? -1 : bytes.indexOf(needle, next);
    }
  }
  return [...starts].sort((a, b) => a - b);
}

/** The same for many tokens. */
function linesByTokens(bytes: Buffer, tokens: ReadonlySet<Token>): readonly number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length;
    if (tokensIn(bytes.toString('latin1', start, end)).some((token) => tokens.has(token))) starts.push(start);
    start = end;
  }
  return starts;
}
