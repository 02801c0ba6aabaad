import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type FewEntries, fewEntries } from './few-entries.ts';

/** So many entries are flushed one by one sooner than a busy file system is flushed as a whole. */
const most = 32;

/**
 * Flushes a layer of few files by these files alone, whatever else the file system has to write, and tells whether it did:
 * larger ones, and one that changes while it is looked at, are left to a flush of the file system. With `ordered` metadata
 * (`hasOrderedMetadata`) only what was written into files needs a flush: names, owners and modes go to the disk before
 * anything that is recorded later. Rejects where a flush fails.
 */
export function createFlushOfFew(root: string, ordered: boolean): (id: number) => Promise<boolean> {
  const folder = `${root}/snapshots`;
  return async (id) => {
    const few = entriesOf(`${folder}/${id}/fs`);
    // A link or a device is no file that could be flushed, nor is it part of the directory that names it.
    if (few === undefined || (!ordered && few.others > 0)) return false;
    if (!(await allFlushed(few.files))) return false;
    return ordered || allFlushed([...few.directories, `${folder}/${id}`, folder]);
  };
}

function entriesOf(layer: string): FewEntries | undefined {
  try {
    return fewEntries(layer, most);
  } catch {
    return undefined;
  }
}

/** Whether all could be opened: then they are flushed, at once. */
async function allFlushed(paths: readonly string[]): Promise<boolean> {
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
