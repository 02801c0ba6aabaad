import { accessSync, constants, existsSync, lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isOn } from '../../adapters/system/file-system.ts';
import { Fault, faultOf } from '../../ports/fault.ts';

const unchanged = 'nothing was changed';

/** Checks that a root of containerd's can become a store in place. Changes nothing. Throws a Fault. */
export function checkContainerdRoot(root: string): void {
  if (process.geteuid?.() !== 0)
    throw new Fault('misuse', `root ${root}: only root can take it over`, { hint: `run it as root; ${unchanged}` });
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    throw faultOf(error, `root ${root}`, `mount it read-write; ${unchanged}`);
  }
  if (/[,:\\]/.test(root))
    throw new Fault('unsupported', `root ${root}: mount options can't carry a path with a comma, colon or backslash`, {
      hint: `move containerd's root to another path; ${unchanged}`,
    });
  const snapshots = join(root, 'snapshots');
  if (existsSync(join(root, 'active')) || existsSync(join(root, 'view')) || !isDirectory(snapshots))
    throw new Fault('unsupported', `root ${root}: is not laid out as containerd's overlay snapshotter does it`, {
      hint: `name the root of overlayfs; those of btrfs and native are copied: takeover --from ROOT --root NEW; ${unchanged}`,
    });
  if (statSync(root).dev !== statSync(snapshots).dev)
    throw new Fault('unsupported', `root ${root}: snapshots/ is on another device`, {
      hint: `mount that device on ${root} instead, with metadata.db on it; ${unchanged}`,
    });
  if (isOn(root, 'overlay'))
    throw new Fault('unsupported', `root ${root}: is itself on an overlay, which can't carry another`, {
      hint: `put it on ext4, xfs or btrfs; ${unchanged}`,
    });
}

const isDirectory = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
