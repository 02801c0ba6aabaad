/**
 * What is held on the disk only to be given up: where a file system needs room of another kind even to write in place
 * (btrfs: metadata), this is the reserve for it.
 */
export interface Ballast {
  /** Makes what is missing of it, as far as there is room, and not again at once where there was none. Never rejects. */
  keep(): Promise<void>;
  /**
   * Gives it up, and waits for whatever else was deleted and is not free yet. Resolves when that room can be used, with
   * whether there was any. Never rejects.
   */
  release(): Promise<boolean>;
}
