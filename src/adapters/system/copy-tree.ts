import { printedError } from '../../ports/errno.ts';
import { faultOf } from '../../ports/fault.ts';
import { runCommand } from './run-command.ts';

/** Copies a directory with everything in it, attributes and hard links included, to a free place; data is shared where the file system can. */
export async function copyTree(from: string, to: string): Promise<void> {
  const { status, errors } = await runCommand('cp', ['--archive', '--reflink=auto', '--no-target-directory', from, to]);
  if (status !== 0) throw faultOf(printedError(errors, errors.trim()), `copy of ${from}`);
}
