import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isErrno } from '../../../ports/errno.ts';
import { Fault, faultOf } from '../../../ports/fault.ts';
import { makeDirectories } from '../../system/files.ts';

/** The real path of a root, made where it is missing. Throws a Fault that says what stands in the way. */
export function existingRoot(root: string): string {
  try {
    makeDirectories(resolve(root), 0o700);
    const path = realpathSync(root);
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    throw asRootFault(error, root);
  }
  throw new Fault('misuse', `root ${root}: is not a directory`, { hint: 'set root to a directory of its own' });
}

/** What an error means for a root. */
export function asRootFault(error: unknown, root: string): Fault {
  if (isErrno(error, 'EEXIST', 'ENOTDIR'))
    return new Fault('misuse', `root ${root}: is not a directory`, { hint: 'set root to a directory of its own' });
  return faultOf(error, `root ${root}`, 'the daemon must be able to write to its root');
}
