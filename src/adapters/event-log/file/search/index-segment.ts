import { setImmediate as turn } from 'node:timers/promises';
import { withFile } from '../load-segments.ts';
import { readLines } from '../read-lines.ts';
import type { Segment } from '../segment.ts';
import { filterOf } from './bloom.ts';
import type { IndexedBlock } from './index-file.ts';
import { type Token, tokensIn } from './tokens.ts';

const lineFeed = '\n';

/** The index of a segment from a byte of it on, as far as it may be read, made in slices of a few milliseconds. */
export async function indexSegment(
  { path, end }: Pick<Segment, 'path' | 'end'>,
  from: number,
): Promise<readonly IndexedBlock[]> {
  const blocks: IndexedBlock[] = [];
  await withFile(path, async (handle) => {
    for (let at = from; at < end.offset; at = blocks.at(-1)?.to ?? end.offset) {
      const bytes = await readLines(handle, at, end.offset);
      if (bytes.length === 0) return;
      blocks.push({ from: at, to: at + bytes.length, bits: filterOf(tokensOf(bytes)) });
      await turn();
    }
  });
  return blocks;
}

function tokensOf(bytes: Buffer): ReadonlySet<Token> {
  const tokens = new Set<Token>();
  for (const line of bytes.toString('latin1').split(lineFeed)) for (const token of tokensIn(line)) tokens.add(token);
  return tokens;
}
