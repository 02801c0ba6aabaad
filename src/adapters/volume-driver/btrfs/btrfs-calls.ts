import type { Usage } from '../../../ports/volume-driver.ts';

/** What the kernel tells of a subvolume. Transaction numbers grow with every commit of the file system. */
export interface SubvolumeInfo {
  readonly id: number;
  /** the transaction that changed it last, as far as the kernel has written it down */
  readonly generation: number;
  /** the transaction that made it */
  readonly madeAt: number;
  /** it began as a snapshot of another */
  readonly isSnapshot: boolean;
  readonly uuid: string;
  /** the uuid of what it is a snapshot of; without meaning where it is none */
  readonly parentUuid: string;
}

/**
 * What btrfs is asked for, natively or through the `btrfs` command. All reject with the system's error (`code`) or a
 * Fault. Paths are absolute and lead through directories that only the daemon can change, down to the subvolume.
 */
export interface BtrfsCalls {
  readonly name: 'native' | 'commands';
  /** Makes an empty subvolume; nothing must have its name. Not durable by itself. Its mode is up to the umask. */
  create(directory: string, name: string): Promise<void>;
  /** Makes a snapshot under a name that nothing has. Resolves when it is on stable storage, with all that was written into the source. */
  snapshot(source: string, directory: string, name: string, options: { readonly readOnly: boolean }): Promise<void>;
  /** Deletes a subvolume and all subvolumes in it, read-only or not. */
  remove(directory: string, name: string): Promise<void>;
  setReadOnly(path: string, readOnly: boolean): Promise<void>;
  /** The number of the subvolume that a directory belongs to. */
  idOf(path: string): Promise<number>;
  info(path: string): Promise<SubvolumeInfo>;
  /** Relative paths of all subvolumes in a subvolume, at any depth, each after the one that it is in. */
  nested(path: string): Promise<readonly string[]>;
  /** Numbers of the subvolumes of a directory's file system that are deleted and whose room is not free yet. */
  deleted(path: string): Promise<readonly number[]>;
  /** Brings the file system that holds a directory to stable storage, and wakes what frees the room of deleted subvolumes. */
  sync(path: string): Promise<void>;
  /** What a subvolume has on disk that was written after a transaction, 0 for everything. Native calls end with the signal. */
  writtenSince(path: string, transaction: number, signal: AbortSignal): Promise<Usage>;
}
