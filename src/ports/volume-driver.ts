import type { Kind, Labels } from '../../events/codecs.ts';
import { Fault } from './fault.ts';

/** A snapshot as a driver sees it: keys and names never get here, so they never become paths. */
export interface Volume {
  readonly id: number;
  readonly kind: Kind;
  /** ids of the chain of parents, nearest first */
  readonly parents: readonly number[];
  readonly labels: Labels;
}

/** containerd's mount, to be done by the caller. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Allocated bytes and inodes of a snapshot itself, without its parents'; hard links once. */
export interface Usage {
  readonly bytes: number;
  readonly inodes: number;
}

/** Something that a scan met below the root's snapshots. */
export interface Found {
  /** relative to the root */
  readonly path: string;
  /** the number that the path names, or null where it names none */
  readonly id: number | null;
  /** the layer's content is there (overlay: `fs`) */
  readonly layer: boolean;
  /** all parts that an active needs are there */
  readonly whole: boolean;
  /** a commit's frozen copy is there beside the still writable active (btrfs) */
  readonly sealed: boolean;
  /** The content is there only as what an active or a view has: no layer of a commit. Left out where there is no difference (overlay). */
  readonly unfrozen?: boolean;
}

/** The numbers that name directories below the root's snapshots. */
export interface Numbers {
  readonly ids: Float64Array<ArrayBuffer>;
  /** how many entries there are that no plain number names */
  readonly strangers: number;
}

/** A scan of a large root under way. */
export interface Survey {
  /** What stands there by name alone; undefined where the scan is so short that it tells all at once. */
  readonly numbers: Promise<Numbers | undefined>;
  /** What is inside, of a large root looked at from the first call on. */
  found(): Promise<readonly Found[]>;
  /** Ends it: what was not told by then never is. */
  abandon(): void;
}

/**
 * Makes and unmakes volumes. Every deed is idempotent: doing it again after a crash in its middle completes it.
 * All reject with a Fault. Deeds on one id are never run at the same time by the caller; deeds on different ids are.
 */
export interface VolumeDriver {
  readonly name: string;
  /** a commit may give a parentless active its parent (containerd 2.2 "rebase") */
  readonly rebase: boolean;
  /** capabilities for containerd's proxy plugin configuration, as `remap-ids` */
  readonly capabilities: readonly string[];
  /** Whether a snapshot of this kind has anything on disk (an overlay view has not). */
  occupies(volume: Pick<Volume, 'kind'>): boolean;
  /** Whether nothing stands where the volume of an id is made, whatever it is. Cheap. */
  vacant(id: number): boolean;
  create(volume: Volume): Promise<void>;
  mounts(volume: Volume): Promise<readonly Mount[]>;
  /** The mounts of a volume stay the same as long as its kind and labels do, whatever the disk holds. */
  readonly fixedMounts?: boolean;
  /** Resolves when all that was written into the active up to the call is on stable storage. Calls at the same time share the work. */
  flush(volume: Volume): Promise<void>;
  /** A seal resolves only when what it freezes is on stable storage: a commit needs no flush before it. */
  readonly durableSeal?: boolean;
  /** Freezes the active's content as the coming committed snapshot; the active itself stays as it is. */
  seal(volume: Volume): Promise<void>;
  /** Takes a seal back. */
  unseal(volume: Volume): Promise<void>;
  /** After the commit is recorded: drops what only the active needed. */
  finish(volume: Volume): Promise<void>;
  /** Labels that Stat and List show besides the recorded ones (overlay's `upperdir_label`); a driver without any leaves it out. */
  labelsOf?(volume: Volume): Labels;
  /** Whether the layer of a committed snapshot is on the disk, frozen, as its commit left it. Cheap: no file in it is looked at. */
  holds(id: number): boolean;
  /** After the signal nobody waits for it any more: it may reject with the signal's reason then, and ends what it has under way. */
  usage(volume: Volume, signal?: AbortSignal): Promise<Usage>;
  /** Usage is no more than an estimate: two measurements of the same layer can't be compared (btrfs without native calls). */
  readonly roughUsage?: boolean;
  /** Deletes all that the id has on disk and tells how many bytes were freed, as far as that is cheap to know (else 0). */
  purge(id: number): Promise<number>;
  /**
   * Resolves when every volume made and every one purged up to the call is so on stable storage. Left out where the file
   * system brings these there before anything that is written into the log afterwards (ext4, xfs; not btrfs).
   */
  settle?(): Promise<void>;
  /**
   * Resolves when the room of every volume purged up to the call can be used, or no longer waits for it; tells whether any
   * was still to come. Left out where a purge itself gives the room back (not btrfs).
   */
  reclaim?(): Promise<boolean>;
  scan(): Promise<readonly Found[]>;
  /** A scan that tells before its end which numbers there are. Left out where no scan takes long. */
  survey?(): Survey;
  /** Whether nobody can have written into what was found since it was made. */
  untouched(found: Found): Promise<boolean>;
  /** Moves what was found to `quarantine/<name>` below the root and returns the new path, relative to the root. */
  quarantine(found: Found, name: string): Promise<string>;
  /** Deletes what was found, whatever it is; bytes freed as for purge. */
  discard(found: Found): Promise<number>;
  /**
   * Ends at once what may take long and is begun anew by the next start: measurements, deletions and waiting for room. What is under
   * way of `usage`, `purge`, `discard` and `reclaim`, and what is asked of these afterwards unless it is the matter of a moment,
   * rejects with a Fault (`stopped`).
   */
  halt(): void;
  close(): Promise<void>;
}

/** What a driver that was halted rejects with. */
export const isHalted = () =>
  new Fault('stopped', 'the volume driver is halted, since the daemon stops', {
    hint: 'the next start goes on with it',
  });
