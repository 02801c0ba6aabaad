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
