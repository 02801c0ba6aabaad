import { closeSync, constants, openSync } from 'node:fs';

/** Resolves when the kernel is done; it may have written into the argument. Rejects with the system's error. */
export type Ioctl = (fd: number, request: number, argument: Buffer) => Promise<void>;

/** Opens a directory, never a symbolic link, for as long as an operation takes. */
export async function withDirectory<T>(path: string, operation: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return await operation(fd);
  } finally {
    closeSync(fd);
  }
}

const magic = 0x94;

/** The number of an ioctl by direction (1 for an argument that the kernel reads, 2 that it writes, 3 for both), number and size. */
const request = (direction: 0 | 1 | 2 | 3, number: number, size: number): number =>
  direction * 2 ** 30 + size * 2 ** 16 + magic * 2 ** 8 + number;

/** btrfs's own ioctls. Source: linux/btrfs.h. */
export const requests = {
  sync: request(0, 8, 0),
  createSubvolume: request(1, 14, 4096),
  deleteSubvolume: request(1, 15, 4096),
  searchTree: request(3, 17, 112),
  lookUpInode: request(3, 18, 4096),
  createSnapshot: request(1, 23, 4096),
  getFlags: request(2, 25, 8),
  setFlags: request(1, 26, 8),
  subvolumeInfo: request(2, 60, 504),
  deleteSubvolumeV2: request(1, 63, 4096),
} as const;

export const flags = { readOnly: 2, byId: 16 } as const;

/** An unsigned 64-bit number at an offset; all that btrfs counts here is far below 2^53. */
export const readNumber = (buffer: Buffer, offset: number): number =>
  buffer.readUInt32LE(offset) + buffer.readUInt32LE(offset + 4) * 2 ** 32;

export function writeNumber(buffer: Buffer, value: number, offset: number): void {
  buffer.writeUInt32LE(value % 2 ** 32, offset);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}

/** The argument of an ioctl that needs only a name: struct btrfs_ioctl_vol_args. */
export function nameArgument(name: string): Buffer {
  const argument = Buffer.alloc(4096);
  argument.write(name, 8, 4087);
  return argument;
}
