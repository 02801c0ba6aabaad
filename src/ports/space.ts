/** What a file system has left, and what it has in all. */
export interface DiskSpace {
  /** that an ordinary user can still write */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly inodes: number;
  /** 0 where the file system does not count inodes */
  readonly totalInodes: number;
}

/** Tells how much room the root's file system has. Rejects with a Fault. */
export type MeasureDiskSpace = () => Promise<DiskSpace>;
