import { readdirSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import { idOfName } from '../id-of-name.ts';

/**
 * Flushes layers, all at once; a layer that `holdsNothing` has no data that a flush could bring to the disk. The kernel tells once that it could not write some data, without saying whose, and then forgets
 * both the data and the error: a second flush succeeds. So once a flush has failed, the flush of every layer that was
 * there fails for good; it must be unpacked again.
 */
export function createLayerFlush(
  root: string,
  syncFileSystem: (path: string) => Promise<void>,
  holdsNothing: (id: number) => boolean = () => false,
) {
  const suspects = new Set<number>();
  const refuseSuspect = (id: number) => {
    if (suspects.has(id))
      throw new Fault('io', `volume ${id}: data was lost in an earlier flush that failed, this layer's or another's`, {
        hint: 'look at the kernel log (dmesg) and the disk; remove the snapshot and unpack it again',
      });
  };
  return async (id: number): Promise<void> => {
    refuseSuspect(id);
    if (holdsNothing(id)) return;
    try {
      await syncFileSystem(root);
    } catch (error) {
      for (const name of readdirSync(`${root}/snapshots`)) suspects.add(idOfName(name) ?? id);
      throw error;
    }
    // Another's flush may have failed, and taken the error with it, while this one waited for its turn.
    refuseSuspect(id);
  };
}
