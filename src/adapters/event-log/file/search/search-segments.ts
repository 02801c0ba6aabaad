import type { Envelope } from '../../../../../events/envelope.ts';
import type { Mention, ReadableLog } from '../../../../ports/readable-log.ts';
import { damageFault } from '../damage.ts';
import { parseLine } from '../line.ts';
import { withFile } from '../load-segments.ts';
import { decodedOrThrow } from '../read-events.ts';
import { readBytes } from '../read-lines.ts';
import type { Segment } from '../segment.ts';
import { positionIn } from '../verify-block.ts';
import { fingerprintOf, mayHold } from './bloom.ts';
import type { IndexedBlock } from './index-file.ts';
import { indexSegment } from './index-segment.ts';
import { keptIndex } from './kept-index.ts';
import { type Token, tokenOf, tokensIn } from './tokens.ts';

type Search = NonNullable<ReadableLog['search']>;

const lineFeed = 0x0a;
/** From so many tokens on it is cheaper to take every line apart than to look for each. */
const fewTokens = 4;

/** So many bytes are looked through faster than they are indexed, unless that is done again and again. */
const fewBytes = 4 << 20;
/** A filter that turns nothing away. */
const anything = Buffer.of(0xff);

/**
 * A search in segments that don't grow meanwhile. Indexes tell which blocks may hold a mention; what no index tells of is
 * indexed in memory, unless it is little. Of these blocks the lines are found by their bytes, and only they are decoded: their
 * checksums are verified, the chain is not.
 */
export function createSearch(segments: readonly Segment[], indexes: string | undefined): Search {
  const known = new Map<Segment, readonly IndexedBlock[]>();
  const load = async (segment: Segment) => {
    const { end, blocks } = await indexed(segment, indexes);
    const index = end === segment.end.offset ? blocks : [...blocks, ...(await blocksFrom(segment, end))];
    known.set(segment, index);
    return index;
  };
  return async function* search(mentions) {
    const wanted = mentions.map(wantedFor);
    for (const segment of segments)
      for (const block of known.get(segment) ?? (await load(segment))) {
        const likely = wanted.filter(({ print }) => mayHold(block.bits, print));
        const found =
          likely.length === 0
            ? []
            : await searchBlock(
                segment,
                block,
                likely.map(({ token }) => token),
              );
        if (found.length > 0) yield found;
      }
  };
}

/** What is kept of a segment's index, and the byte up to which it goes. */
async function indexed(segment: Segment, indexes: string | undefined) {
  const kept = indexes === undefined ? undefined : await keptIndex(indexes, segment);
  return { end: kept?.end.offset ?? segment.header.bytes, blocks: kept?.blocks ?? [] };
}

async function blocksFrom(segment: Segment, from: number): Promise<readonly IndexedBlock[]> {
  const to = segment.end.offset;
  return to - from > fewBytes ? indexSegment(segment, from) : [{ from, to, bits: anything }];
}

function wantedFor(mention: Mention) {
  const token = tokenOf(mention);
  return { token, print: fingerprintOf(token) };
}

async function searchBlock(
  { path, header }: Segment,
  { from, to }: IndexedBlock,
  tokens: readonly Token[],
): Promise<readonly Envelope[]> {
  const bytes = await withFile(path, (handle) => readBytes(handle, from, to - from));
  const starts = tokens.length <= fewTokens ? lookedFor(bytes, tokens) : takenApart(bytes, new Set(tokens));
  return starts.map((start) => {
    const line = parseLine(bytes, start, bytes.indexOf(lineFeed, start) + 1, 'event');
    if (line !== undefined) return decodedOrThrow(path, { position: positionIn(line.body), body: line.body });
    const what = 'the record is damaged: its checksum does not match';
    throw damageFault({ file: path, offset: from + start, position: header.first, what, broken: true });
  });
}

/** Where the lines begin that hold any of the tokens, in order. */
function lookedFor(bytes: Buffer, tokens: readonly Token[]): readonly number[] {
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
function takenApart(bytes: Buffer, tokens: ReadonlySet<Token>): readonly number[] {
  const starts: number[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length;
    if (tokensIn(bytes.toString('latin1', start, end)).some((token) => tokens.has(token))) starts.push(start);
    start = end;
  }
  return starts;
}
