/** Functions of the operating system that node:fs lacks. */
export interface System {
  /** Wall clock in nanoseconds since 1970 UTC, accurate to well under a millisecond. */
  now(): bigint;
  /** Milliseconds since the machine's boot, including those in which it slept. Unlike the wall clock it is never set. */
  uptime(): number;
  /** Reserves disk blocks for a range of an open file without changing its size. Throws Fault (`no-space`, `unsupported`). */
  preallocate(fd: number, offset: number, bytes: number): void;
  /** Flushes the whole file system that holds the path; resolves when it is on stable storage. */
  syncFileSystem(path: string): Promise<void>;
  /**
   * Resolves when the data of an open file is on its device, which may still hold it in a cache: this and the metadata (size, blocks,
   * name) need a flush of the file system's journal after it. Rejects with the system's error if data could not be written.
   */
  writeData(fd: number): Promise<void>;
  /**
   * Takes an exclusive advisory lock on a file (created if missing) for as long as this process lives. Resolves with undefined if
   * another holds it; rejects with a Fault (`read-only`) if the file is missing and can't be created.
   */
  lock(path: string): Promise<Lock | undefined>;
  /** Notifies the service manager (sd_notify); does nothing without NOTIFY_SOCKET. */
  notify(state: string): Promise<void>;
}

export interface Lock {
  release(): Promise<void>;
}

/** Nanoseconds since 1970 UTC. */
export type Clock = () => bigint;

/** As `System.uptime`. */
export type Uptime = () => number;

/**
 * System calls about files that node:fs lacks. They block: for worker threads. Paths are bytes without a NUL, and no link at their
 * end is followed.
 */
export interface FileCalls {
  /** names of extended attributes, with a byte in each character */
  xattrs(path: Buffer): readonly string[];
  xattr(path: Buffer, name: string): Buffer;
  setXattr(path: Buffer, name: string, value: Buffer): void;
  removeXattr(path: Buffer, name: string): void;
  /** nanoseconds since 1970 */
  setTimes(path: Buffer, accessed: bigint, modified: bigint): void;
  /** a fifo, socket or device */
  makeNode(path: Buffer, mode: number, device: bigint): void;
}
