import { Fault, faultOf } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';

/** Runs an operation; anything thrown becomes a Fault that names it. */
export async function guarded<T>(what: string, operation: () => T | Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw faultOf(error, what);
  }
}

/** The Fault of an operation whose layer is missing on the disk. */
export const missingLayer = (what: string, path: string): Fault =>
  new Fault('io', `${what} ${path} is missing`, { hint: '`snapledger verify` lists what the disk lacks' });

/** Throws a Fault (`corrupt`) if a volume of a stopped store is not on the disk. */
export function expectContent({ id }: Volume, path: string, exists: (path: string) => boolean): void {
  if (exists(path)) return;
  throw new Fault('corrupt', `volume ${id}: its content ${path} is missing`, {
    hint: 'start the daemon once, and stop it: it recreates the volume, or declares it lost',
  });
}
