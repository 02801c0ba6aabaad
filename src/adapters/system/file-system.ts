import { existsSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import type { MeasureDiskSpace } from '../../ports/disk-space.ts';
import { faultOf } from '../../ports/fault.ts';

/** Types as `statfs` reports them. Source: linux/magic.h */
const types = {
  ...{ ext4: 0xef53, xfs: 0x58465342, btrfs: 0x9123683e, overlay: 0x794c7630 },
  ...{ tmpfs: 0x01021994, zfs: 0x2fc12fc1, f2fs: 0xf2f52010, nfs: 0x6969, fuse: 0x65735546 },
} as const;

/** Whether a path lies on a file system of one of these types. Throws the system's error. */
export function isOn(path: string, ...names: readonly (keyof typeof types)[]): boolean {
  const { type } = statfsSync(path);
  return names.some((name) => types[name] === type);
}

/** The file system that holds a path: its type, as a hexadecimal number if it is not known here, and its size. Throws a Fault. */
export function fileSystemOf(path: string): { readonly type: string; readonly bytes: number } {
  try {
    const { type, blocks, bsize } = statfsSync(path);
    const known = Object.entries(types).find(([, number]) => number === type);
    return { type: known?.[0] ?? `0x${type.toString(16)}`, bytes: blocks * bsize };
  } catch (error) {
    throw faultOf(error, `file system of ${path}`);
  }
}

/** Measures the space of the file system that holds a path. */
export function createDiskSpaceMeter(path: string): MeasureDiskSpace {
  return async () => {
    try {
      const { bavail, blocks, bsize, ffree, files } = await statfs(path);
      return { bytes: bavail * bsize, totalBytes: blocks * bsize, inodes: ffree, totalInodes: files };
    } catch (error) {
      throw faultOf(error, `space of the file system of ${path}`);
    }
  };
}

/**
 * Whether a path's file system has one journal, which brings changes to stable storage in their order: one that is on stable storage
 * has all before it there too, names, owners and modes, but not what was written into files. This holds on xfs, and on ext4 unless
 * it was made without a journal. False for any other, and if it can't be known.
 */
export function hasOrderedMetadata(path: string): boolean {
  return isOn(path, 'xfs') || (isOn(path, 'ext4') && hasJournal(ext4OptionsFile(path)));
}

/** The kernel lists how data is kept beside the journal only if there is one. Source: fs/ext4/super.c, _ext4_show_options */
function hasJournal(options: string | undefined): boolean {
  try {
    return options !== undefined && /^data=/m.test(readFileSync(options, 'utf8'));
  } catch {
    return false;
  }
}

/** The file in which the kernel lists the options of the ext4 file system that holds a path; undefined on others. */
export function ext4OptionsFile(path: string): string | undefined {
  const file = `/proc/fs/ext4/${blockDeviceOf(path)}/options`;
  return existsSync(file) ? file : undefined;
}

/** The kernel's name of the block device that a path lies on; undefined if there is none (btrfs, tmpfs). */
function blockDeviceOf(path: string): string | undefined {
  const { dev } = statSync(path, { bigint: true });
  const major = (dev >> 8n) & 0xfffn;
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xfff00n);
  try {
    return basename(readlinkSync(`/sys/dev/block/${major}:${minor}`));
  } catch {
    return undefined;
  }
}
