import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { isOn } from '../../system/file-system.ts';

/** What this kernel supports for overlay mounts. */
export interface KernelTraits {
  /** it has overlay's `index` parameter, which must be off: layers are shared between mounts */
  readonly index: boolean;
  /** it has the parameters by which a distribution turns on renames of directories by redirect, and copies of metadata only */
  readonly redirectDir: boolean;
  readonly metacopy: boolean;
  /** the daemon is in a user namespace: no whiteout can be created there (mknod) */
  readonly userNamespace: boolean;
  /** in a user namespace overlay keeps its xattrs in `user.` attributes */
  readonly userxattr: boolean;
  /** overlay takes id-mapped layers of the root's file system */
  readonly idMappedLayers: boolean;
}

const parameters = '/sys/module/overlay/parameters';

export function kernelTraits(root: string): KernelTraits {
  const inNamespace = inUserNamespace();
  return {
    index: existsSync(`${parameters}/index`),
    redirectDir: existsSync(`${parameters}/redirect_dir`),
    metacopy: existsSync(`${parameters}/metacopy`),
    userNamespace: inNamespace,
    userxattr: inNamespace && isAtLeast(release(), 5, 11),
    // These file systems could be mounted id-mapped when overlay learned to take such layers. Source: mount_setattr(2).
    idMappedLayers: !inNamespace && isAtLeast(release(), 5, 19) && isOn(root, 'ext4', 'xfs', 'btrfs'),
  };
}

/** Whether this process is in another user namespace than the initial one. */
export const inUserNamespace = (): boolean => !isWholeRange(readFileSync('/proc/self/uid_map', 'utf8'));

/** Whether a uid map is the one of the initial user namespace: all ids as themselves. */
export function isWholeRange(uidMap: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(uidMap);
}

/** Whether a kernel release such as `6.1.0-13-amd64` is this version or a later one. */
export function isAtLeast(kernel: string, major: number, minor: number): boolean {
  const [, first = '0', second = '0'] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
