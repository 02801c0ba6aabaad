import { setImmediate as turn } from 'node:timers/promises';
import type { Segment } from '../format/segment.ts';
import { withFile } from '../read/load-segments.ts';
import { readLines } from '../read/read-lines.ts';
import { filterOf } from './bloom.ts';
import type { IndexedBlock } from './index-file.ts';
import { type Token, tokensIn } from './tokens.ts';

const lineFeed = '\n';
const positionField = /"position":"(\d+)"/;
const timeField = '"time":"';
const digits = /^\d+$/;

/** Of a block of which nothing is known; a stamp has 64 bits. */
export const anyTime = { earliest: 0n, latest: 2n ** 64n };

/**
 * The index of a segment from a byte of it on, as far as it may be read, made in slices of a few milliseconds. `filterFor`
 * makes the filter of a block's lines.
 */
export async function indexSegment(
  { path, end }: Pick<Segment, 'path' | 'end'>,
  from: number,
  filterFor = filterOfLines,
): Promise<readonly IndexedBlock[]> {
  const blocks: IndexedBlock[] = [];
  await withFile(path, async (handle) => {
    for (let at = from; at < end.offset; at = blocks.at(-1)?.to ?? end.offset) {
      const bytes = await readLines(handle, at, end.offset);
      if (bytes.length === 0) return;
      const text = bytes.toString('latin1');
      const first = Number(positionField.exec(text)?.[1] ?? 0);
      blocks.push({ from: at, to: at + bytes.length, first, ...stampsIn(text), bits: filterFor(text) });
      await turn();
    }
  });
  return blocks;
}

function filterOfLines(text: string): Buffer {
  const tokens = new Set<Token>();
  for (const line of text.split(lineFeed)) for (const token of tokensIn(line)) tokens.add(token);
  return filterOf(tokens);
}

/** The lowest and the highest time stamp of some lines. A time is the first field of its name in a line. */
function stampsIn(text: string): Pick<IndexedBlock, 'earliest' | 'latest'> {
  let earliest = '';
  let latest = '';
  for (let at = text.indexOf(timeField); at !== -1; ) {
    const start = at + timeField.length;
    const stamp = text.slice(start, text.indexOf('"', start));
    if (earliest === '' || isLower(stamp, earliest)) earliest = stamp;
    if (latest === '' || isLower(latest, stamp)) latest = stamp;
    const next = text.indexOf(lineFeed, start);
    at = next === -1 ? -1 : text.indexOf(timeField, next);
  }
  // A damaged stamp: reading the block reports it.
  if (!digits.test(earliest) || !digits.test(latest)) return anyTime;
  return { earliest: BigInt(earliest), latest: BigInt(latest) };
}

/** Of numbers without leading zeros: most stamps have as many digits. */
const isLower = (a: string, b: string) => a.length < b.length || (a.length === b.length && a < b);
