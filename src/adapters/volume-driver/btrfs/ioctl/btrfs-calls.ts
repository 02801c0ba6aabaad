import type { Usage } from '../../../../ports/volume-driver.ts';
import { flags, type Ioctl, nameArgument, readNumber, requests, withDirectory, writeNumber } from './ioctl.ts';
import { deletedSubvolumes, nestedPaths, removeSubvolume, subvolumeId } from './subvolumes.ts';
import { writtenSince } from './written-since.ts';

/** The kernel's data about a subvolume. Transaction ids grow with every commit of the file system. */
interface SubvolumeInfo {
  readonly id: number;
  /** the transaction that changed it last, as far as the kernel has recorded it */
  readonly generation: number;
  /** the transaction that changed anything in it last; of a snapshot not changed since, that of its source */
  readonly contentChangedAt: number;
  /** the transaction that created it */
  readonly createdAt: number;
  /** it began as a snapshot of another */
  readonly isSnapshot: boolean;
  readonly uuid: string;
  /** the uuid of what it is a snapshot of; meaningless if it is none */
  readonly parentUuid: string;
}

/**
 * btrfs by its ioctls. No call starts a process, and none runs on the main thread. All reject with the system's error (`code`) or a
 * Fault. Paths are absolute and lead through directories that only the daemon can change, down to the subvolume.
 */
export interface BtrfsCalls {
  /** Creates an empty subvolume; nothing must have its name. Not durable by itself. Its mode depends on the umask. */
  create(directory: string, name: string): Promise<void>;
  /** Creates a snapshot under a name that nothing has. Resolves when it is on stable storage, with all that was written into the source. */
  snapshot(source: string, directory: string, name: string, options: { readonly readOnly: boolean }): Promise<void>;
  /** Deletes a subvolume and all subvolumes in it, read-only or not. */
  remove(directory: string, name: string): Promise<void>;
  setReadOnly(path: string, readOnly: boolean): Promise<void>;
  /** The id of the subvolume that a directory belongs to. */
  idOf(path: string): Promise<number>;
  info(path: string): Promise<SubvolumeInfo>;
  /** Relative paths of all subvolumes in a subvolume, at any depth, each after the one that it is in. */
  nested(path: string): Promise<readonly string[]>;
  /** Ids of the subvolumes of a directory's file system that are deleted and whose space is not free yet. */
  deleted(path: string): Promise<readonly number[]>;
  /** Brings the file system that holds a directory to stable storage, and wakes what frees the space of deleted subvolumes. */
  sync(path: string): Promise<void>;
  /** As `writtenSince`: usage on disk of what was written after a transaction, 0 for all; `parent` is a path. Ends with the signal. */
  writtenSince(path: string, transaction: number, signal: AbortSignal, parent?: string): Promise<Usage>;
}

export function createBtrfsCalls(ioctl: Ioctl): BtrfsCalls {
  return {
    create: (directory, name) =>
      withDirectory(directory, (fd) => ioctl(fd, requests.createSubvolume, nameArgument(name))),
    snapshot: (source, directory, name, { readOnly }) =>
      withDirectory(source, (from) =>
        withDirectory(directory, (fd) => ioctl(fd, requests.createSnapshot, snapshotArgument(from, name, readOnly))),
      ),
    remove: (directory, name) => removeSubvolume(ioctl, directory, name),
    setReadOnly: (path, readOnly) =>
      withDirectory(path, (fd) => {
        const argument = Buffer.alloc(8);
        writeNumber(argument, readOnly ? flags.readOnly : 0, 0);
        return ioctl(fd, requests.setFlags, argument);
      }),
    idOf: (path) => withDirectory(path, (fd) => subvolumeId(ioctl, fd)),
    info: (path) => withDirectory(path, (fd) => infoOf(ioctl, fd)),
    nested: (path) => withDirectory(path, (fd) => nestedPaths(ioctl, path, fd)),
    deleted: (path) => withDirectory(path, (fd) => deletedSubvolumes(ioctl, fd)),
    sync: (path) => withDirectory(path, (fd) => ioctl(fd, requests.sync, Buffer.alloc(0))),
    writtenSince: (path, transaction, signal, parent) =>
      withDirectory(path, (fd) =>
        parent === undefined
          ? writtenSince(ioctl, fd, { transaction, signal })
          : withDirectory(parent, (above) => writtenSince(ioctl, fd, { transaction, signal, parent: above })),
      ),
  };
}

/** struct btrfs_ioctl_vol_args_v2 */
function snapshotArgument(source: number, name: string, readOnly: boolean): Buffer {
  const argument = Buffer.alloc(4096);
  writeNumber(argument, source, 0);
  writeNumber(argument, readOnly ? flags.readOnly : 0, 16);
  argument.write(name, 56, 4039);
  return argument;
}

/** struct btrfs_ioctl_get_subvol_info_args */
async function infoOf(ioctl: Ioctl, fd: number): Promise<SubvolumeInfo> {
  const info = Buffer.alloc(504);
  await ioctl(fd, requests.subvolumeInfo, info);
  return {
    id: readNumber(info, 0),
    generation: readNumber(info, 280),
    contentChangedAt: readNumber(info, 344),
    createdAt: readNumber(info, 352),
    isSnapshot: info.subarray(312, 328).some((byte) => byte !== 0),
    uuid: info.toString('hex', 296, 312),
    parentUuid: info.toString('hex', 312, 328),
  };
}
