import { printedError } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Mount } from '../../ports/volume-driver.ts';
import { hasOrderedMetadata, isOn } from './file-system.ts';
import { runCommand, runCommandSync } from './run-command.ts';

/**
 * Copies a directory with everything in it, attributes and hard links included, to a vacant path, or merges it into a
 * directory. Data is shared if the file system can.
 */
export async function copyTree(from: string, to: string): Promise<void> {
  const { status, errors } = await runCommand('cp', ['--archive', '--reflink=auto', '--no-target-directory', from, to]);
  if (status !== 0) throw faultOf(printedError(errors, errors.trim()), `copy of ${from}`);
}

/**
 * Takes the flags that forbid a deletion (immutable and append-only) off everything at and below a path; no link is followed.
 * Entries without such flags, as devices, are skipped. Rejects with a Fault (`unsupported`) if there is no chattr.
 */
export async function liftFlags(path: string): Promise<void> {
  const { status, errors } = await runCommand('chattr', ['-R', '-f', '-ia', path]);
  if (status > 1) throw new Fault('io', `chattr -R -ia ${path}: ${errors}`, { hint: 'lift the flags by hand' });
}

const mountScript = 'mount -t "$1" -o "$3" "$2" "$4" && { [ -z "$5" ] || : >"$4/$5"; }';

/**
 * Mounts in a mount namespace of its own, which ends at once, and creates an empty file in it if one is named. Rejects with a
 * Fault if the kernel refuses.
 */
export async function tryMount(mount: Mount, at: string, file = ''): Promise<void> {
  const { type, source, options } = mount;
  const shell = ['sh', '-c', mountScript, 'sh', type, source, options.join(','), at, file];
  const { status, errors } = await runCommand('unshare', ['--mount', ...shell]);
  if (status !== 0)
    throw new Fault('unsupported', `mount of type ${type}: ${errors.trim() || `exit status ${status}`}`, {
      hint: 'the last lines of the kernel log (dmesg) say why',
    });
}

/**
 * Asks that files created in a directory from now on be written in place. btrfs otherwise writes each changed block to a new
 * one, and a full disk has none: blocks reserved for a file don't help the block that it ends in. Other file systems write in
 * place anyway. Returns why it is not possible, if it is not.
 */
export function writeInPlace(directory: string): string | undefined {
  if (!isOn(directory, 'btrfs')) return undefined;
  // A full disk refuses the attribute even if it is set already.
  if (/^\S*C/.test(runCommandSync('lsattr', ['-d', directory]).output)) return undefined;
  const { status, errors } = runCommandSync('chattr', ['+C', directory]);
  return status === 0 ? undefined : `${directory}: files in it can't be written in place: ${errors}`;
}

/**
 * Asks ext4 to place each new directory in these apart from the others, in a group of inodes that has room, with its files near it
 * (`chattr +T`). Without a journal, ext4 avoids inodes that were freed in the last minutes, and looks at each of them in the group of
 * a new file first: after many deletions, creating a file in a crowded group takes several times as long. Does nothing on other file
 * systems. What is refused costs only that time. Source: fs/ext4/ialloc.c, find_group_orlov and recently_deleted
 */
export function placeApart(directories: readonly string[]): void {
  const crowded = directories.filter((directory) => isOn(directory, 'ext4') && !hasOrderedMetadata(directory));
  try {
    if (crowded.length > 0) runCommandSync('chattr', ['+T', ...crowded]);
  } catch {
    // Without chattr a daemon starts, and `snapledger doctor` names what is missing.
  }
}
