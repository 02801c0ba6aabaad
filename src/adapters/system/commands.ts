import { printedError } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Mount } from '../../ports/volume-driver.ts';
import { isOn } from './file-system.ts';
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
