import { Fault } from '../../ports/fault.ts';
import type { Mount } from '../../ports/volume-driver.ts';
import { runCommand } from './run-command.ts';

const script = 'mount -t "$1" -o "$3" "$2" "$4" && { [ -z "$5" ] || : >"$4/$5"; }';

/**
 * Mounts in a mount namespace of its own, where nobody sees it and which ends at once; makes an empty file in it where one is named.
 * Rejects with the kernel's no.
 */
export async function tryMount(mount: Mount, at: string, file = ''): Promise<void> {
  const { type, source, options } = mount;
  const shell = ['sh', '-c', script, 'sh', type, source, options.join(','), at, file];
  const { status, errors } = await runCommand('unshare', ['--mount', ...shell]);
  if (status !== 0)
    throw new Fault('unsupported', `mount of type ${type}: ${errors.trim() || `exit status ${status}`}`, {
      hint: 'the last lines of the kernel log (dmesg) say why',
    });
}
