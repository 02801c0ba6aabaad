import { closeSync, constants, fchmodSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { shareRuns } from '../../../ports/promises.ts';

/** Brings names, owners and modes below a root to stable storage, on a file system with ordered metadata (`hasOrderedMetadata`). */
export interface Barrier {
  /**
   * Resolves when all that was created, renamed, changed and deleted up to the call is on stable storage, and the content of files
   * that was written to the device up to the call. Concurrent calls share the work. Rejects with the system's error.
   */
  pass(): Promise<void>;
  close(): void;
}

/** O_TMPFILE. Source: linux/fcntl.h */
const unnamed = 0o20000000 | constants.O_DIRECTORY;

const synced = promisify(fsync);

/**
 * A file system with one journal commits changes in their order: a file without a name gets another mode, and its fsync commits the
 * journal up to that change. That writes no data of other files, unlike `syncfs`, which is used if the file can't be created (no
 * inode is left).
 */
export function createBarrier(root: string, syncFileSystem: (path: string) => Promise<void>): Barrier {
  let fd: number | undefined;
  let mode = 0o600;
  const file = () => {
    try {
      fd ??= openSync(root, unnamed | constants.O_RDWR, mode);
    } catch {}
    return fd;
  };
  const commitJournal = async () => {
    const opened = file();
    if (opened === undefined) return syncFileSystem(root);
    mode ^= 0o200;
    fchmodSync(opened, mode);
    await synced(opened);
  };
  const shared = shareRuns(commitJournal);
  return {
    pass: () => shared(''),
    close: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}
