/** The space of a file system. */
export interface DiskSpace {
  /** that an ordinary user can still write */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly inodes: number;
  /** 0 if the file system does not count inodes */
  readonly totalInodes: number;
}

/** Measures the space of the root's file system. Rejects with a Fault. */
export type MeasureDiskSpace = () => Promise<DiskSpace>;

/**
 * Space that is reserved only to be released on a full disk: some file systems need space even to write in place (btrfs:
 * metadata).
 */
export interface Ballast {
  /** Creates what is missing of it, if there is space; does not retry within seconds if there was none. Never rejects. */
  restore(): Promise<void>;
  /**
   * Releases it, and waits for the space of other deletions. Resolves when that space can be used, with whether there was any.
   * Never rejects.
   */
  release(): Promise<boolean>;
}
