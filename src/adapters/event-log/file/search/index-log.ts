import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { faultOf } from '../../../../ports/fault.ts';
import type { Segment } from '../format/segment.ts';
import { segmentNames } from '../format/segment-name.ts';
import { sealedSegments, segmentIn, withFile } from '../read/load-segments.ts';
import { lastPlace } from '../verify/check-seams.ts';
import { encodeIndex, type Index, indexPath } from './index-file.ts';
import { indexSegment } from './index-segment.ts';
import { keptIndex } from './stored-index.ts';

/**
 * Makes the indexes that a log's segments lack, one after the other, and removes those that are of no segment any more. Of the last
 * segment, which may be written, all but the newest events are indexed. All indexes are disposable. Rejects with a Fault; what
 * was made until then stays.
 */
export async function indexLog(directory: string, indexes: string): Promise<void> {
  const sealed = await sealedSegments(directory);
  for (const segment of sealed) await indexSealed(segment, indexes);
  const last = await indexGrowing(directory, indexes);
  const known = new Set([...sealed, ...last].map(({ header }) => basename(indexPath(indexes, header.first))));
  for (const name of await readdir(indexes).catch(() => []))
    if (!known.has(name)) await rm(join(indexes, name), { force: true });
}

async function indexSealed(segment: Segment, indexes: string): Promise<void> {
  const kept = await keptIndex(indexes, segment);
  if (kept?.end.offset === segment.end.offset) return;
  const blocks = await indexSegment(segment, kept?.end.offset ?? segment.header.bytes);
  await keep(segment, indexes, { end: segment.end, blocks: [...(kept?.blocks ?? []), ...blocks] });
}

/** Indexes the last segment up to its last full block, and answers it; none where it was archived. */
async function indexGrowing(directory: string, indexes: string): Promise<readonly Segment[]> {
  const path = join(directory, segmentNames(directory).at(-1) ?? '');
  if (!existsSync(path) || path === directory) return [];
  return withFile(path, async (handle) => {
    const segment = await segmentIn(handle, directory, path);
    const { size: offset } = await handle.stat();
    segment.end = { ...segment.end, offset };
    const kept = await keptIndex(indexes, segment);
    const made = await indexSegment(segment, kept?.end.offset ?? segment.header.bytes);
    const blocks = [...(kept?.blocks ?? []), ...made.slice(0, -1)];
    const end = await lastPlace(handle, segment.header, blocks.at(-1)?.to ?? segment.header.bytes);
    if (made.length > 1 && end !== undefined) await keep(segment, indexes, { end, blocks });
    return [segment];
  });
}

async function keep({ header }: Segment, indexes: string, index: Index): Promise<void> {
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
