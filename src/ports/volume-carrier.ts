import { Fault } from './fault.ts';
import type { Volume } from './volume-driver.ts';

/** Entries of a directory that are to be packed. */
export interface Packed {
  readonly directory: string;
  /** a file that names them, each after its directory and ended by a NUL; left out for all */
  readonly list?: string;
}

/**
 * Carries the content of volumes out of a store that nobody serves, and into one. Whatever the driver, it travels in one form:
 * what the volume adds to its parent as overlay keeps it, with a character device 0/0 for what is removed and
 * `trusted.overlay.opaque` on directories through which nothing shows. All reject with a Fault.
 */
export interface VolumeCarrier {
  /** Hands `work` the entries of an active's or a committed volume; they are good until it is done. */
  pack<T>(volume: Volume, work: (entries: readonly Packed[]) => Promise<T>): Promise<T>;
  /** Puts into a new active what `unpack` writes into an empty directory. */
  fill(volume: Volume, unpack: (directory: string) => Promise<void>): Promise<void>;
}

/** Bytes of a path below a layer. The kernel takes 4,096 with the root and the directories in it that an import works in. */
const longestPath = 3_500;

/** Throws a Fault (`unsupported`) for a path, relative to a layer, that is too long to be made anywhere else. Both have a byte in each character. */
export function refuseTooLong(layer: string, path: string): void {
  if (path.length <= longestPath) return;
  const text = Buffer.from(`${layer}/${path}`, 'latin1');
  throw new Fault('unsupported', `${text}: a path of ${path.length} bytes in a layer can't be carried`, {
    hint: `${longestPath} bytes are the most: remove the snapshot, or move the whole file system`,
  });
}
