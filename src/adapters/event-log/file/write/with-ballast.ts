import type { Ballast } from '../../../../ports/ballast.ts';
import { isFull } from '../../../../ports/fault.ts';

/** Does a deed, and once more where it fails for want of space and there is ballast to be given up. */
export async function withBallast<T>(ballast: Ballast | undefined, deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    if (!isFull(error) || ballast === undefined || !(await ballast.release())) throw error;
    return await deed();
  }
}
