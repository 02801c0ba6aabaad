import { lstatSync, readdirSync } from 'node:fs';
import type { Found, VolumeDriver } from '../../../ports/volume-driver.ts';
import { isDirectory } from '../shared/exact-directory.ts';
import { foundPath } from '../shared/found-path.ts';
import { type Entry, scansOf } from '../shared/scan-snapshots.ts';
import { setAside } from '../shared/set-aside.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { guarded } from './guarded.ts';
import { isSubvolume } from './is-subvolume.ts';
import { names } from './layout.ts';
import { rootInode } from './subvolume-id.ts';

interface Tools {
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'info'>;
  readonly syncFileSystem: (path: string) => Promise<void>;
  /** Deletes whatever is at a path below `snapshots/`. */
  readonly remove: (path: string) => Promise<number>;
}

/** What the reconciler does with what stands below `ROOT/snapshots`. Looking changes nothing. */
export function orphanDeeds(
  tools: Tools,
): Pick<VolumeDriver, 'scan' | 'scanIds' | 'isPristine' | 'quarantine' | 'discard'> {
  const { root, remove } = tools;
  return {
    ...scansOf({ root, parts: [names.fs, names.layer], inode: rootInode }, foundAt),
    isPristine: (found) => guarded(`look at ${found.path}`, () => isUntouched(tools, foundPath(root, found))),
    quarantine: (found, name) =>
      guarded(`quarantine of ${found.path}`, () => {
        foundPath(root, found);
        return setAside(root, found.path, name);
      }),
    discard: (found) => guarded(`deletion of ${found.path}`, () => remove(foundPath(root, found))),
  };
}

/**
 * `fs` alone is an active or a view, `layer` alone is committed. Both are a commit that was under way: the log says
 * whether it came about.
 */
function foundAt({ path, id, has: [fs = false, layer = false] }: Entry): Found {
  return { path, id, layer: fs || layer, complete: fs, frozen: fs && layer, writable: fs && !layer };
}

/**
 * Whether nobody can have written into a volume: it is empty, or a snapshot whose last change was its making. A commit
 * that was begun, or anything that the driver does not make, is a trace of somebody.
 */
async function isUntouched({ root, calls, syncFileSystem }: Tools, path: string): Promise<boolean> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return true;
  if (!isDirectory(path)) return false;
  for (const name of readdirSync(path)) {
    const part = `${path}/${name}`;
    if ((name !== names.fs && name !== names.unready) || !isSubvolume(part)) return false;
    // The kernel writes the last change down when it commits the transaction, which a flush makes it do.
    await syncFileSystem(root);
    const { isSnapshot, generation, madeAt } = await calls.info(part);
    if (isSnapshot ? generation !== madeAt : readdirSync(part).length > 0) return false;
  }
  return true;
}
