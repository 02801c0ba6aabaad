import type { EmptyLayer, Kind, Labels } from '../../events/codecs.ts';
import type { Root } from '../../events/store-events.ts';
import { Fault } from './fault.ts';

/** A snapshot as a driver sees it: without keys and names, so these never become paths. */
export interface Volume {
  readonly id: number;
  readonly kind: Kind;
  /** ids of the chain of parents, nearest first */
  readonly parents: readonly number[];
  readonly labels: Labels;
  /** An active that holds a copy of a layer: its mounts are read-only. Created without content, it can't be frozen before `place`. */
  readonly staged?: boolean;
  /** Of a committed layer: it held nothing. `create` makes it so again. */
  readonly empty?: EmptyLayer;
}

/** containerd's mount; the caller mounts it. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** Computes the mounts of volumes without their driver at work. Changes nothing. */
export interface MountPlan {
  /** the root that is looked at, on this machine */
  readonly root: Root;
  /** release of this machine's kernel */
  readonly kernel: string;
  /** A view is a volume of its own: its mounts are known once it exists (btrfs). */
  readonly viewsAreVolumes: boolean;
  /** What the driver answers for a volume of a store below a path, with this machine's kernel and settings. Rejects with a Fault. */
  mounts(volume: Volume, path: string): Promise<readonly Mount[]>;
}

/** Allocated bytes and inodes of a snapshot itself, without its parents'; hard links once. */
export interface Usage {
  readonly bytes: number;
  readonly inodes: number;
}

/** An entry that a scan found below the root's snapshots, or a foreign one in its pool. */
export interface Found {
  /** relative to the root */
  readonly path: string;
  /** the id that the path names, or null if it names none */
  readonly id: number | null;
  /** the layer's content is there (overlay: `fs`) */
  readonly layer: boolean;
  /** all parts that an active needs are there */
  readonly complete: boolean;
  /** a commit's frozen copy is there beside the still writable active (btrfs) */
  readonly frozen: boolean;
  /** The content exists only as that of an active or a view, no commit has frozen it. False if there is no difference (overlay). */
  readonly writable: boolean;
}

/** The ids that name directories below the root's snapshots. */
export interface SnapshotIds {
  readonly ids: Float64Array<ArrayBuffer>;
  /** how many other entries there are */
  readonly unknownEntries: number;
}

/** The differences between drivers that their callers depend on. */
export interface DriverTraits {
  /** capabilities for containerd's proxy plugin configuration, as `remap-ids` */
  readonly capabilities: readonly string[];
  /** A commit may give a parentless active its parent (containerd 2.2 "rebase"). */
  readonly rebase: boolean;
  /** A layer holds only what it changes of its parents: it can be put on other ones of the same content. */
  readonly layersAreDiffs: boolean;
  /** The mounts of a volume stay the same as long as its kind and labels do, whatever the disk holds. */
  readonly fixedMounts: boolean;
  /** `freeze` resolves only when what it freezes is on stable storage: a commit needs no flush before it. */
  readonly durableFreeze: boolean;
}

/** Copies of committed layers that share their data. */
export interface LayerStaging {
  /** Copies a layer beside the volumes, and resolves with the copy's name. The next start deletes what a crash or a stop leaves of it. */
  copy(id: number): Promise<string>;
  /** Makes a copy the content of a staged active that was just created. */
  place(id: number, copy: string): Promise<void>;
  /** Deletes a copy that was not placed. */
  discard(copy: string): Promise<void>;
}

/** Empty volumes made ahead, of which `create` takes one if it can: a few, deleted at the start and the end. */
export interface VolumePool {
  /** Whether nothing is to be added. */
  isFull(): boolean;
  /** Adds a part of a volume, in a fraction of a millisecond. If it rejects, the pool is empty. Not called again before it has ended. */
  fill(): Promise<void>;
  /** Deletes the volumes. Resolves with whether there was any. */
  drain(): Promise<boolean>;
}

/**
 * Creates and deletes volumes. Every operation is idempotent: repeating it after a crash in its middle completes it.
 * All reject with a Fault. The caller never runs two operations on one id at the same time, but does so on different ids.
 */
export interface VolumeDriver {
  readonly name: string;
  readonly traits: DriverTraits;
  /** undefined if layers can't be copied without copying their data, or the operator does not want them to be */
  readonly staging?: LayerStaging | undefined;
  readonly pool?: VolumePool | undefined;
  /** Whether a snapshot of this kind uses the disk (an overlay view does not). */
  occupies(volume: Pick<Volume, 'kind'>): boolean;
  /** Whether nothing exists at the path of an id's volume, of whatever type. Cheap. */
  isVacant(id: number): boolean;
  create(volume: Volume): Promise<void>;
  /**
   * Describes the layer of an id if it holds nothing, and `create` can make it again exactly so: such a layer needs no flush. Undefined
   * for any other, and for a driver whose layers are not only what they add. Cheap.
   */
  describeEmpty(id: number): EmptyLayer | undefined;
  mounts(volume: Volume): Promise<readonly Mount[]>;
  /**
   * Resolves when all that was written into the active up to the call is on stable storage. Calls at the same time share the work.
   * `amongOthers`: several volumes are flushed now, so that a flush of all takes less than one of each.
   */
  flush(volume: Volume, amongOthers?: boolean): Promise<void>;
  /**
   * Freezes the active's content as the coming committed snapshot; the active itself stays as it is. `parent` is the id of the layer
   * that the commit gives to an active without parent (`rebase`): its content is then taken as what it adds to that layer.
   */
  freeze(volume: Volume, parent?: number): Promise<void>;
  /** Undoes `freeze`. */
  unfreeze(volume: Volume): Promise<void>;
  /** After the commit is recorded: drops what only the active needed. */
  dropActive(volume: Volume): Promise<void>;
  /** Labels that Stat and List show besides the recorded ones (overlay's `upperdir_label`); undefined for none. */
  labelsOf(volume: Pick<Volume, 'id' | 'kind'>): Labels | undefined;
  /** Whether the layer of a committed snapshot is on the disk, frozen, as its commit left it. Cheap: no file in it is read. */
  hasCommitted(id: number): boolean;
  /** After the signal it stops, and may reject with the signal's reason. */
  usage(volume: Volume, signal?: AbortSignal): Promise<Usage>;
  /** Deletes all that the id has on disk. Resolves with the bytes freed, as far as they are cheap to know (else 0). */
  purge(id: number): Promise<number>;
  /** Resolves when every volume created, moved and purged up to the call is so on stable storage. Concurrent calls share the work. */
  syncMetadata(): Promise<void>;
  /**
   * Resolves when the space of every volume purged up to the call can be used, or no longer waits for it; with whether any was
   * still to come. False if a purge itself frees the space (not btrfs).
   */
  reclaimSpace(): Promise<boolean>;
  /** Inspects everything below the root's snapshots, and finds what is foreign in the pool. After the signal it may reject with the signal's reason. */
  scan(signal?: AbortSignal): Promise<readonly Found[]>;
  /** Lists the ids only, much faster. Undefined for a root so small that `scan` takes no longer. The signal as for `scan`. */
  scanIds(signal?: AbortSignal): Promise<SnapshotIds | undefined>;
  /** Whether what was found can't have been written into since it was created. */
  isPristine(found: Found): Promise<boolean>;
  /** Moves what was found to `quarantine/<name>` below the root and resolves with the new path, relative to the root. */
  quarantine(found: Found, name: string): Promise<string>;
  /** Deletes what was found, of whatever type; bytes freed as for purge. */
  discard(found: Found): Promise<number>;
  /**
   * Cancels long operations, which the next start repeats: measurements, deletions and waiting for space. Pending calls of
   * `usage`, `purge`, `discard` and `reclaimSpace`, and later ones unless they take only a moment, reject with a Fault
   * (`stopped`).
   */
  halt(): void;
  close(): Promise<void>;
}

/** The fault of a halted driver. */
export const isHalted = () =>
  new Fault('stopped', 'the volume driver is halted, since the daemon stops', {
    hint: 'the next start continues it',
  });
