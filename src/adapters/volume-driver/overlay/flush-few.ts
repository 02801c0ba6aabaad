import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fewFiles } from './few-files.ts';

/** So many entries are flushed one by one sooner than a busy file system is flushed as a whole. */
const most = 32;

/**
 * Flushes a layer of few files by these files alone, whatever else the file system has to write, and tells whether it did:
 * larger ones, and one that changes while it is looked at, are left to a flush of the file system. For roots with ordered
 * metadata (`hasOrderedMetadata`): there only what was written into files needs a flush, since names, owners and modes go to the disk
 * before anything that is recorded later. Rejects where a flush fails.
 */
export async function flushFew(layer: string): Promise<boolean> {
  const files = filesIn(layer);
  return files !== undefined && allFlushed(files);
}

function filesIn(layer: string): readonly string[] | undefined {
  try {
    return fewFiles(layer, most);
  } catch {
    return undefined;
  }
}

/** Flushes files, all at once, but for those that are gone; whether there were none of these. */
export async function allFlushed(paths: readonly string[]): Promise<boolean> {
  const handles = await Promise.all(paths.map(openedOrGone));
  try {
    const open = handles.filter((handle) => handle !== undefined);
    await Promise.all(open.map((handle) => handle.sync()));
    return open.length === paths.length;
  } finally {
    await Promise.all(handles.map((handle) => handle?.close()));
  }
}

const openedOrGone = (path: string): Promise<FileHandle | undefined> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(() => undefined);
