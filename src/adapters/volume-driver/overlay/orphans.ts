import { lstatSync, readdirSync } from 'node:fs';
import { faultOf } from '../../../ports/fault.ts';
import type { Found, VolumeDriver } from '../../../ports/volume-driver.ts';
import { isDirectory } from '../shared/exact-directory.ts';
import { foundPath } from '../shared/found-path.ts';
import { type Entry, scansOf } from '../shared/scan-snapshots.ts';
import { setAside } from '../shared/set-aside.ts';

/** What the reconciler does with what stands below `ROOT/snapshots`. */
export function orphanDeeds(
  root: string,
  remove: (path: string) => number | Promise<number>,
): Pick<VolumeDriver, 'scan' | 'scanIds' | 'isPristine' | 'quarantine' | 'discard'> {
  return {
    ...scansOf({ root, parts: ['fs', 'work'] }, foundAt),
    isPristine: (found) => guarded(`look at ${found.path}`, () => holdsNothing(foundPath(root, found))),
    quarantine: (found, name) =>
      guarded(`quarantine of ${found.path}`, () => {
        foundPath(root, found);
        return setAside(root, found.path, name);
      }),
    discard: (found) => guarded(`deletion of ${found.path}`, () => remove(foundPath(root, found))),
  };
}

const foundAt = ({ path, id, has: [layer = false, work = false] }: Entry): Found => ({
  path,
  id,
  layer,
  complete: layer && work,
  frozen: false,
  writable: false,
});

async function guarded<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw faultOf(error, what);
  }
}

/**
 * Whether a directory has an empty layer or none, and nothing that the driver does not make. What stands in `work` is the
 * kernel's own. What is not there any more holds nothing, too.
 */
function holdsNothing(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return true;
  if (!isDirectory(path)) return false;
  return readdirSync(path).every((name) => {
    const part = `${path}/${name}`;
    if (!isDirectory(part)) return false;
    return name === 'work' || (name === 'fs' && readdirSync(part).length === 0);
  });
}
