import type { BtrfsCalls, SubvolumeInfo } from './btrfs-calls.ts';
import { deletedSubvolumes } from './deleted-subvolumes.ts';
import { flags, type Ioctl, readNumber, requests, withDirectory, writeNumber } from './ioctl.ts';
import { namedArgument } from './named-argument.ts';
import { nestedPaths } from './nested-subvolumes.ts';
import { removeSubvolume } from './remove-subvolume.ts';
import { subvolumeId } from './subvolume-id.ts';
import { writtenSince } from './written-since.ts';

const argumentSize = 4096;

/** btrfs by its ioctls: no process is started, and none of them runs on the main thread. */
export function createNativeBtrfsCalls(ioctl: Ioctl): BtrfsCalls {
  return {
    name: 'native',
    create: (directory, name) =>
      withDirectory(directory, (fd) => ioctl(fd, requests.createSubvolume, namedArgument(name))),
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
    writtenSince: (path, transaction, signal) =>
      withDirectory(path, (fd) => writtenSince(ioctl, fd, transaction, signal)),
  };
}

/** struct btrfs_ioctl_vol_args_v2 */
function snapshotArgument(source: number, name: string, readOnly: boolean): Buffer {
  const argument = Buffer.alloc(argumentSize);
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
    madeAt: readNumber(info, 352),
    isSnapshot: info.subarray(312, 328).some((byte) => byte !== 0),
    uuid: info.toString('hex', 296, 312),
    parentUuid: info.toString('hex', 312, 328),
  };
}
