import { rmSync } from 'node:fs';
import { Fault, faultOf, isFull } from '../../../ports/fault.ts';
import { isOn } from '../../system/file-system.ts';
import { existingRoot, layOut, probe } from '../shared/check-root.ts';
import { mountOf } from '../shared/mounts.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { isSubvolume } from './layout.ts';

type Calls = Pick<BtrfsCalls, 'idOf' | 'create' | 'snapshot' | 'remove'>;

/**
 * Checks that a directory can hold btrfs volumes, creates its directories (modes as in ARCHITECTURE.md, whatever the umask) and
 * resolves with its path without symbolic links. Tries what the first snapshots will need: a move to quarantine, a subvolume and
 * a snapshot of it. Rejects with a Fault.
 */
export async function checkBtrfsRoot(root: string, calls: Calls): Promise<string> {
  const path = existingRoot(root);
  if (!isOn(path, 'btrfs'))
    throw new Fault('unsupported', `root ${path}: is not on a btrfs file system`, {
      hint: `mount a btrfs file system at ${path}, or use --driver overlay`,
    });
  layOut(path, { empty: 0o755 });
  await calls.idOf(path).catch((error) => {
    throw faultOf(error, `root ${path}: btrfs calls fail`, 'the daemon must be root');
  });
  await trySnapshot(path, calls);
  return path;
}

async function trySnapshot(root: string, calls: Calls): Promise<void> {
  const clear = async (scratch: string) => {
    for (const name of ['layer', 'fs']) if (isSubvolume(`${scratch}/${name}`)) await calls.remove(scratch, name);
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await probe(root, clear, async (scratch) => {
      await calls.create(scratch, 'fs');
      await calls.snapshot(`${scratch}/fs`, scratch, 'layer', { readOnly: true });
    });
  } catch (error) {
    if (!isFull(error)) throw faultOf(error, `root ${root}: a snapshot can't be created and deleted`);
  }
}

/**
 * The device to mount for the file system that holds a path: that of the mount which the path is on, be it of the whole file
 * system, of a subvolume or a bind mount. Throws a Fault (`unsupported`).
 */
export function deviceOf(path: string, mountinfo?: string): string {
  const mount = mountOf(path, mountinfo);
  if (mount?.type === 'btrfs' && mount.source.startsWith('/')) return mount.source;
  const source = mount?.type === 'btrfs' ? mount.source : 'none';
  throw new Fault('unsupported', `root ${path}: its mount names no device: ${source}`, {
    hint: 'mount the btrfs file system by its device, in this mount namespace',
  });
}
