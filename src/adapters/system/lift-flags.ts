import { Fault } from '../../ports/fault.ts';
import { runCommand } from './run-command.ts';

/**
 * Takes the flags that forbid a deletion (immutable and append-only) off everything at and below a path; no link is followed. Rejects
 * with a Fault (`unsupported`) where there is no chattr. What has no such flags, as a device, is passed over.
 */
export async function liftFlags(path: string): Promise<void> {
  const { status, errors } = await runCommand('chattr', ['-R', '-f', '-ia', path]);
  if (status > 1) throw new Fault('io', `chattr -R -ia ${path}: ${errors}`, { hint: 'lift the flags by hand' });
}
