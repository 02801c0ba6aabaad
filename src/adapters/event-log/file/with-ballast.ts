import type { Ballast } from '../../../ports/ballast.ts';
import { Fault } from '../../../ports/fault.ts';

/** Does a deed, and once more where it fails for want of space and there is ballast to be given up. */
export async function withBallast<T>(ballast: Ballast | undefined, deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    const full = error instanceof Fault && error.code === 'no-space';
    if (!full || ballast === undefined || !(await ballast.release())) throw error;
    return await deed();
  }
}
