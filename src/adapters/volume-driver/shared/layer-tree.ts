import type { Volume } from '../../../ports/volume-driver.ts';

/** A layer as far as what looks into it must know it. */
export type LayerOf = Pick<Volume, 'id' | 'parents'>;

/** What a committed layer holds of its own. Paths relative to it, with a byte in each character. */
export interface LayerTree {
  readonly top: string;
  /** each after the directory that it is in; the layer itself is the empty path */
  readonly paths: readonly string[];
  /** what of its parent's it removes, where that is no entry (btrfs) */
  readonly removed: readonly string[];
}

/** Finds what a layer adds to its parent. Sync. Throws a Fault, or the system's errors. */
export type FindTree = (layer: LayerOf) => LayerTree;
