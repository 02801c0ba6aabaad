import { isErrno } from '../../../ports/errno.ts';
import { Fault } from '../../../ports/fault.ts';

/** Takes the flags that forbid a deletion (immutable and append-only, `chattr +ia`) off everything at and below a path. Rejects if it can't. */
export type LiftFlags = (path: string) => Promise<void>;

/**
 * Deletes something. If the kernel forbids that (EPERM), as a container with CAP_LINUX_IMMUTABLE can cause, lifts the flags and
 * deletes it then. Rejects with the first error if they can't be lifted.
 */
export async function liftingFlags<T>(path: string, lift: LiftFlags | undefined, remove: () => Promise<T>): Promise<T> {
  try {
    return await remove();
  } catch (error) {
    if (lift === undefined || !isForbidden(error)) throw error;
    await lift(path).catch(() => {
      throw error;
    });
    return remove();
  }
}

const isForbidden = (error: unknown) => isErrno(error instanceof Fault ? error.cause : error, 'EPERM');
