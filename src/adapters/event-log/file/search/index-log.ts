import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { faultOf } from '../../../../ports/fault.ts';
import { type Segment, segmentNames } from '../format/segment.ts';
import { completeSegments, segmentIn } from '../read/load-segments.ts';
import { endOfData, readLines, withSegment } from '../read/segment-file.ts';
import { lastCursor } from '../verify/check-seams.ts';
import { encodeIndex, type Index, type IndexedBlock, indexPath, storedIndex } from './index-file.ts';
import { filterOf, type Token, tokensIn } from './token-filter.ts';

/**
 * Makes the indexes that a log's segments lack, one after the other, and removes those without a segment. Of the last
 * segment, which may be growing, all but the newest events are indexed. All indexes are disposable. Rejects with a Fault;
 * what was made until then stays.
 */
export async function indexLog(directory: string, indexes: string): Promise<void> {
  const complete = await completeSegments(directory);
  for (const segment of complete) await indexComplete(segment, indexes);
  const last = await indexGrowing(directory, indexes);
  const known = new Set([...complete, ...last].map(({ header }) => basename(indexPath(indexes, header.first))));
  for (const name of await readdir(indexes).catch(() => []))
    if (!known.has(name)) await rm(join(indexes, name), { force: true });
}

async function indexComplete(segment: Segment, indexes: string): Promise<void> {
  const stored = await storedIndex(indexes, segment);
  if (stored?.end.offset === segment.end.offset) return;
  const blocks = await indexSegment(segment, stored?.end.offset ?? segment.header.bytes);
  await store(segment, indexes, { end: segment.end, blocks: [...(stored?.blocks ?? []), ...blocks] });
}

/** Indexes the last segment up to its last full block, and returns it; none if it was archived. */
async function indexGrowing(directory: string, indexes: string): Promise<readonly Segment[]> {
  const name = segmentNames(directory).at(-1) ?? '';
  const path = join(directory, name);
  if (name === '' || !existsSync(path)) return [];
  return withSegment(path, async (file) => {
    const segment = await segmentIn(file, directory, name);
    const offset = await endOfData(file);
    segment.end = { ...segment.end, offset };
    const stored = await storedIndex(indexes, segment);
    const made = await indexSegment(segment, stored?.end.offset ?? segment.header.bytes);
    const blocks = [...(stored?.blocks ?? []), ...made.slice(0, -1)];
    const end = await lastCursor(file, segment.header, blocks.at(-1)?.to ?? segment.header.bytes);
    if (made.length > 1 && end !== undefined) await store(segment, indexes, { end, blocks });
    return [segment];
  });
}

async function store({ header }: Segment, indexes: string, index: Index): Promise<void> {
  const path = indexPath(indexes, header.first);
  try {
    await mkdir(indexes, { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, encodeIndex(index), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    await rm(`${path}.new`, { force: true }).catch(() => {});
    throw faultOf(error, `index ${path}`);
  }
}

const positionField = /"position":"(\d+)"/;
const timeField = '"time":"';
const digits = /^\d+$/;

/** Of a block that is not indexed; a stamp has 64 bits. */
export const anyTime = { earliest: 0n, latest: 2n ** 64n };

/**
 * The index of a segment from a byte of it up to its end, made in slices of a few milliseconds. `filterFor` makes the
 * filter of a block's lines.
 */
export async function indexSegment(
  { path, end }: Pick<Segment, 'path' | 'end'>,
  from: number,
  filterFor = filterOfLines,
): Promise<readonly IndexedBlock[]> {
  const blocks: IndexedBlock[] = [];
  await withSegment(path, async (file) => {
    for (let at = from; at < end.offset; at = blocks.at(-1)?.to ?? end.offset) {
      const bytes = await readLines(file, at, end.offset);
      if (bytes.length === 0) return;
      const text = bytes.toString('latin1');
      const first = Number(positionField.exec(text)?.[1] ?? 0);
      blocks.push({ from: at, to: at + bytes.length, first, ...stampsIn(text), bits: filterFor(text) });
      await yieldToLoop();
    }
  });
  return blocks;
}

function filterOfLines(text: string): Buffer {
  const tokens = new Set<Token>();
  for (const line of text.split('\n')) for (const token of tokensIn(line)) tokens.add(token);
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
    const next = text.indexOf('\n', start);
    at = next === -1 ? -1 : text.indexOf(timeField, next);
  }
  // A damaged stamp: reading the block reports it.
  if (!digits.test(earliest) || !digits.test(latest)) return anyTime;
  return { earliest: BigInt(earliest), latest: BigInt(latest) };
}

/** Of numbers without leading zeros: most stamps have as many digits. */
const isLower = (a: string, b: string) => a.length < b.length || (a.length === b.length && a < b);
