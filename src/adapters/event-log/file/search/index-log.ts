import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { faultOf } from '../../../../ports/fault.ts';
import { sealedSegments } from '../load-segments.ts';
import type { Segment } from '../segment.ts';
import { encodeIndex, indexPath, readIndex } from './index-file.ts';
import { indexSegment } from './index-segment.ts';

/**
 * Makes the indexes that a log's sealed segments lack, one after the other, and removes those that are of no segment any
 * more. All of them are disposable. Rejects with a Fault; what was made until then stays.
 */
export async function indexLog(directory: string, indexes: string): Promise<void> {
  const sealed = await sealedSegments(directory);
  for (const segment of sealed) await keepIndex(segment, indexes);
  const known = new Set(sealed.map(({ header }) => basename(indexPath(indexes, header.first))));
  for (const name of await readdir(indexes).catch(() => []))
    if (!known.has(name)) await rm(join(indexes, name), { force: true });
}

async function keepIndex(segment: Segment, indexes: string): Promise<void> {
  const path = indexPath(indexes, segment.header.first);
  if (readIndex(path, segment.end) !== undefined) return;
  try {
    await mkdir(indexes, { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, encodeIndex(segment.end, await indexSegment(segment)), { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    await rm(`${path}.new`, { force: true }).catch(() => {});
    throw faultOf(error, `index ${path}`);
  }
}
