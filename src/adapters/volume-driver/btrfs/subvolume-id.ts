import { type Ioctl, readNumber, requests, writeNumber } from './ioctl.ts';

/** The inode number of every subvolume's root directory. */
export const rootInode = 256;

/** The number of the subvolume that an open directory belongs to. */
export async function subvolumeId(ioctl: Ioctl, fd: number): Promise<number> {
  return readNumber(await lookUp(ioctl, fd, { tree: 0, inode: rootInode }), 0);
}

/** The path of a directory by its inode number, relative to its subvolume's root, with a slash at its end; '' for the root. */
export async function directoryPath(ioctl: Ioctl, fd: number, place: Place): Promise<Buffer> {
  const argument = await lookUp(ioctl, fd, place);
  return argument.subarray(16, argument.indexOf(0, 16));
}

interface Place {
  /** 0 for the subvolume of the open directory */
  readonly tree: number;
  readonly inode: number;
}

/** struct btrfs_ioctl_ino_lookup_args */
async function lookUp(ioctl: Ioctl, fd: number, { tree, inode }: Place): Promise<Buffer> {
  const argument = Buffer.alloc(4096);
  writeNumber(argument, tree, 0);
  writeNumber(argument, inode, 8);
  await ioctl(fd, requests.lookUpInode, argument);
  return argument;
}
