import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';

/** Throws a Fault (`corrupt`) where a volume that the log asks for is not on the disk. */
export function expectContent({ id }: Volume, path: string, isThere: (path: string) => boolean): void {
  if (isThere(path)) return;
  throw new Fault('corrupt', `volume ${id}: its content ${path} is missing`, {
    hint: 'start the daemon once, and stop it: it makes the volume again, or says that it is lost',
  });
}
