import { closeSync, constants, opendirSync, openSync, readdirSync } from 'node:fs';
import { isErrno } from '../../../ports/errno.ts';
import { Fault } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import { idOfName } from '../shared/paths.ts';

interface Flushes {
  /**
   * Flushes a layer. One of its own is first tried by `flushFiles`, which resolves with whether it was enough; otherwise the file system
   * is flushed, and concurrent calls share that flush.
   */
  layer(id: number, amongOthers?: boolean): Promise<void>;
  /** Flushes the file system. */
  all(): Promise<void>;
}

/**
 * The kernel reports a failed write once, then drops both the data and the error: a second flush would succeed. So a failure is
 * remembered: every later flush of the layer rejects, until it is unpacked again. A failed flush of the file system does not
 * name the lost data, so it counts for every layer that existed then.
 */
export function createFlushes(
  root: string,
  syncFileSystem: (path: string) => Promise<void>,
  flushFiles: (id: number) => Promise<boolean> = async () => false,
): Flushes {
  const suspects = new Set<number>();
  const refuseSuspect = (id: number) => {
    if (suspects.has(id))
      throw new Fault('io', `volume ${id}: data was lost in an earlier flush that failed, this layer's or another's`, {
        hint: 'check the kernel log (dmesg) and the disk; remove the snapshot and unpack it again',
      });
  };
  const all = async () => {
    try {
      await syncFileSystem(root);
    } catch (error) {
      for (const name of mayHaveLost(error) ? readdirSync(`${root}/snapshots`) : []) {
        const id = idOfName(name);
        if (id !== null) suspects.add(id);
      }
      throw error;
    }
  };
  const flush = async (id: number, amongOthers: boolean) => {
    const flushed =
      !amongOthers &&
      flushFiles(id).catch((error) => {
        if (mayHaveLost(error)) suspects.add(id);
        throw error;
      });
    if (!(await flushed)) await all();
  };
  return {
    layer: async (id, amongOthers = false) => {
      refuseSuspect(id);
      await flush(id, amongOthers);
      // Another flush may have failed, and consumed the error, while this one waited.
      refuseSuspect(id);
    },
    all,
  };
}

/** Without a descriptor nothing was flushed, and the kernel has reported nothing. */
const mayHaveLost = (error: unknown) => !isErrno((error as Error).cause ?? error, 'EMFILE', 'ENFILE');

/** Up to this count, writing single files is faster than flushing a busy file system as a whole. */
const maxEntries = 16;

/**
 * Writes only the files of a small layer to the device, and resolves with whether it did: a larger layer, and one that changes
 * meanwhile, needs a flush of the file system. Metadata needs a barrier after it. Rejects if data could not be written.
 */
export async function flushFew(layer: string, writeData: System['writeData']): Promise<boolean> {
  let files: readonly string[] | undefined;
  try {
    files = fewFiles(layer, maxEntries);
  } catch {
    return false;
  }
  return files !== undefined && allWritten(files, writeData);
}

/** Paths of the regular files in a tree, or undefined if it has more than `max` entries. Stops reading after so many. */
export function fewFiles(path: string, max: number): readonly string[] | undefined {
  const files: string[] = [];
  const directories = [path];
  let entries = 0;
  for (const directory of directories)
    for (const entry of entriesOf(directory)) {
      entries += 1;
      if (entries > max) return undefined;
      if (entry.isDirectory()) directories.push(`${directory}/${entry.name}`);
      else if (entry.isFile()) files.push(`${directory}/${entry.name}`);
    }
  return files;
}

function* entriesOf(directory: string) {
  const opened = opendirSync(directory);
  try {
    for (let entry = opened.readSync(); entry !== null; entry = opened.readSync()) yield entry;
  } finally {
    opened.closeSync();
  }
}

/**
 * Writes the data of files to the device, a few at a time and without a commit of the journal for each, as fsync would;
 * resolves with false if any can't be opened.
 */
export async function allWritten(paths: readonly string[], writeData: System['writeData']): Promise<boolean> {
  const opened: number[] = [];
  try {
    for (const path of paths)
      opened.push(openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  } catch {
    for (const fd of opened) closeSync(fd);
    return false;
  }
  try {
    const results = await Promise.allSettled(opened.map((fd) => writeData(fd)));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return true;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
