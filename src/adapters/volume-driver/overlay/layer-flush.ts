import { readdirSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import { idOfName } from '../shared/id-of-name.ts';

/**
 * Flushes layers, all at once, but for those that `flushAlone` sees to and says so. The kernel tells once that it could not
 * write some data, and then forgets both the data and the error: a second flush succeeds. So once a flush has failed, that
 * of its layer fails for good, it must be unpacked again; and where the whole file system was flushed, which does not say
 * whose data it was, so it is for every layer that was there.
 */
export function createLayerFlush(
  root: string,
  syncFileSystem: (path: string) => Promise<void>,
  flushAlone: (id: number) => Promise<boolean> = async () => false,
) {
  const suspects = new Set<number>();
  const refuseSuspect = (id: number) => {
    if (suspects.has(id))
      throw new Fault('io', `volume ${id}: data was lost in an earlier flush that failed, this layer's or another's`, {
        hint: 'look at the kernel log (dmesg) and the disk; remove the snapshot and unpack it again',
      });
  };
  const alone = async (id: number) => {
    try {
      return await flushAlone(id);
    } catch (error) {
      suspects.add(id);
      throw error;
    }
  };
  return async (id: number): Promise<void> => {
    refuseSuspect(id);
    if (await alone(id)) return refuseSuspect(id);
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
