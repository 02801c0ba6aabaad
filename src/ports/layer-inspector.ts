import type { Usage, Volume } from './volume-driver.ts';

/** An entry of a layer that is not as it was when the layer's manifest was made. */
export interface Altered {
  /** relative to the layer */
  readonly path: string;
  /** what differs: `is missing`, `was added`, or which of its properties */
  readonly how: string;
}

/** Compares committed layers with what is known of them, whether a daemon is at work or not. Changes nothing. All reject with a Fault. */
export interface LayerInspector {
  /** A layer is compared with its parent's: what was changed in that one shows here as added or missing (btrfs). */
  readonly relative: boolean;
  /** What the layer holds, as the daemon measures it; undefined where two measurements can't be compared. */
  usage(volume: Volume): Promise<Usage | undefined>;
  /** What differs from the layer's manifest, by path; undefined where it has none. Reads every file that the layer holds of its own. */
  altered(volume: Volume): Promise<readonly Altered[] | undefined>;
}

/** Keeps a manifest of each committed layer: its own entries, with digests of their content. */
export interface Manifests {
  /** Numbers of the snapshots that have one. Throws errors of the file system. */
  known(): readonly number[];
  /** Makes one on a thread of its own, whole or not at all. Rejects with a Fault. */
  make(volume: Volume): Promise<void>;
  drop(id: number): void;
  /** Ends what is being made, without a trace. */
  close(): Promise<void>;
}
