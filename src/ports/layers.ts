import { Fault } from './fault.ts';
import type { Usage, Volume } from './volume-driver.ts';

/** Reads the layers of a store. Follows no link out of them, changes nothing. All reject with a Fault. */
export interface LayerFiles {
  /** Whether a layer includes the content of its parents (btrfs), or only what is new in it (overlay). */
  readonly complete: boolean;
  inspect(layer: LayerId, path: readonly string[]): Promise<PathInLayer>;
  /** What a committed layer, or an active of a driver whose layers hold only changes, adds to its parent and removes from it, by path. */
  own(layer: Pick<Volume, 'id' | 'parents'>, limit: number): Promise<OwnEntries>;
}

/** Entries of a layer; there are more if they are truncated. */
export interface OwnEntries {
  readonly entries: readonly OwnEntry[];
  readonly truncated: boolean;
}

/** An entry of a layer without its content. */
export interface OwnEntry {
  /** relative to the layer */
  readonly path: string;
  /** as `ls` names it; `whiteout` for what is removed from below */
  readonly type: string;
  /** length of a file, otherwise 0 */
  readonly bytes: number;
  /** permissions: the lower 12 bits */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** nanoseconds since 1970 UTC */
  readonly modified: bigint;
  /** of a symbolic link */
  readonly target: string | null;
}

interface LayerId {
  readonly id: number;
  readonly committed: boolean;
}

/** A path in one layer. */
export interface PathInLayer {
  readonly entry: LayerEntry;
  /** steps of the path that come after the last directory of it that the layer has */
  readonly left: number;
  /** the path in the layers below: another one if a directory was renamed (overlay's redirects) */
  readonly below: readonly string[];
}

/** The content of a snapshot's own layer at a path. */
export type LayerEntry =
  /** nothing: what is below shows through, if anything */
  | { readonly is: 'absent' }
  /**
   * `stamp` differs whenever the file was changed; `type` as `ls` names it; of a file that is `metadata` only, the data is that of
   * a layer below
   */
  | {
      readonly is: 'present';
      readonly type: string;
      readonly bytes: number;
      readonly stamp: string;
      readonly metadata: boolean;
    }
  /** the path, or a directory above it, is removed from what is below: `by` is `whiteout` or `opaque directory` */
  | { readonly is: 'whiteout'; readonly by: string; readonly at: string }
  /** a directory of the path is something else in this layer: nothing is followed */
  | { readonly is: 'blocked'; readonly at: string; readonly type: string; readonly target: string | null };

/** Compares committed layers with their recorded usage and manifests, with or without a daemon. Changes nothing. All reject with a Fault. */
export interface LayerInspector {
  /** Whether a manifest is relative to the parent's layer: a change in that one shows here as added or missing (btrfs). */
  readonly relative: boolean;
  /** The layer's usage, as the daemon measures it. */
  usage(volume: Volume): Promise<Usage>;
  /** Differences from the layer's manifest, by path; undefined if it has none. Reads all files of the layer itself. */
  altered(volume: Volume): Promise<readonly Altered[] | undefined>;
}

/** An entry of a layer that is not as it was when the layer's manifest was created. */
export interface Altered {
  /** relative to the layer */
  readonly path: string;
  /** what differs: `is missing`, `was added`, or which of its properties */
  readonly how: string;
}

/** Keeps a manifest of each committed layer: its own entries, with digests of their content. */
export interface Manifests {
  /** Ids of the snapshots that have one. Throws errors of the file system. */
  known(): readonly number[];
  /** Creates one on a thread of its own, complete or not at all. Rejects with a Fault. */
  make(volume: Volume): Promise<void>;
  drop(id: number): void;
  /** Cancels pending ones, which leave no file. */
  close(): Promise<void>;
}

/**
 * Carries the content of volumes out of a stopped store, and into one. It travels in one form for all drivers: what the volume
 * adds to its parent as overlay keeps it, with a character device 0/0 for what is removed and `trusted.overlay.opaque` on
 * directories that hide what is below. All reject with a Fault.
 */
export interface VolumeCarrier {
  /** Passes the entries of an active's or a committed volume to `work`; they are valid until it is done. */
  pack<T>(volume: Volume, work: (entries: readonly Packed[]) => Promise<T>): Promise<T>;
  /** Puts into a new active what `unpack` writes into an empty directory. */
  fill(volume: Volume, unpack: (directory: string) => Promise<void>): Promise<void>;
}

/** Entries of a directory to be packed. */
export interface Packed {
  readonly directory: string;
  /** a file that names them, each after its directory and ended by a NUL; left out for all */
  readonly list?: string;
}

/** Bytes of a path below a layer. The kernel takes 4,096 with the root and the directories in it that an import works in. */
const maxPath = 3_500;

/** Throws a Fault (`unsupported`) for a path, relative to a layer, that may be too long elsewhere. Both have a byte in each character. */
export function refuseTooLong(layer: string, path: string): void {
  if (path.length <= maxPath) return;
  const text = Buffer.from(`${layer}/${path}`, 'latin1');
  throw new Fault('unsupported', `${text}: a path of ${path.length} bytes in a layer can't be carried`, {
    hint: `the limit is ${maxPath} bytes: remove the snapshot, or move the whole file system`,
  });
}
