import type { Envelope } from '../../../../../events/envelope.ts';
import type { Mention, ReadableLog } from '../../../../ports/readable-log.ts';
import { damageFault } from '../format/damage.ts';
import { parseLine } from '../format/line.ts';
import type { Segment } from '../format/segment.ts';
import { withFile } from '../read/load-segments.ts';
import { decodedOrThrow } from '../read/read-events.ts';
import { readBytes } from '../read/read-lines.ts';
import { positionIn } from '../verify/verify-block.ts';
import { createBlocks } from './blocks-of.ts';
import { fingerprintOf, mayHold } from './bloom.ts';
import type { IndexedBlock } from './index-file.ts';
import { type Token, tokenOf, tokensIn } from './tokens.ts';

type Search = NonNullable<ReadableLog['search']>;

const lineFeed = 0x0a;
/** From so many tokens on it is cheaper to take every line apart than to look for each. */
const fewTokens = 4;

/**
 * A search in segments that don't grow meanwhile. Indexes tell which blocks may hold a mention; what no index tells of is
 * indexed in memory, unless it is little. Of these blocks the lines are found by their bytes, and only they are decoded: their
 * checksums are verified, the chain is not.
 */
export function createSearch(segments: readonly Segment[], indexes: string | undefined): Search {
  const blocksOf = createBlocks(indexes);
  return async function* search(mentions) {
    const wanted = mentions.map(wantedFor);
    for (const segment of segments)
      for (const block of await blocksOf(segment)) {
        const likely = wanted.filter(({ print }) => mayHold(block.bits, print));
        const tokens = likely.map(({ token }) => token);
        const found = tokens.length === 0 ? [] : await searchBlock(segment, block, tokens);
        if (found.length > 0) yield found;
      }
  };
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
