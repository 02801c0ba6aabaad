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
 * Space that is held only to be released: if a file system needs space of another kind even to write in place (btrfs: metadata),
 * this is the reserve for it.
 */
export interface Ballast {
  /** Creates what is missing of it, as far as there is space; if there was none, not again at once. Never rejects. */
  keep(): Promise<void>;
  /**
   * Releases it, and waits for whatever else was deleted and is not free yet. Resolves when that space can be used, with whether
   * there was any. Never rejects.
   */
  release(): Promise<boolean>;
}
