import { chmodSync, readdirSync, renameSync, rmdirSync, utimesSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isErrno } from '../../../ports/errno.ts';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { ensureDirectory, isDirectory } from '../shared/directories.ts';
import { type Orphans, orphanActions } from '../shared/orphans.ts';
import type { DriverPool } from '../shared/pool.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { rootInode } from './ioctl/subvolumes.ts';
import { expectSubvolume, isSubvolume, type Layout, names } from './layout.ts';

export interface Tools {
  readonly layout: Layout;
  readonly calls: BtrfsCalls;
  readonly pool: Pick<DriverPool, 'take'>;
  readonly failpoint: Failpoint;
}

/** Creates `snapshots/<id>/fs`, or leaves it as it is: once it has that name it is complete. */
export async function createVolume(tools: Tools, volume: Volume): Promise<void> {
  const { layout, calls, failpoint, pool } = tools;
  const { id, kind, parents } = volume;
  const [parent] = parents;
  if (parent !== undefined) expectSubvolume(layout.layer(parent), `volume ${id}: its parent's layer`);
  const directory = layout.directory(id);
  if (kind === 'active' && parent === undefined && pool.take(directory)) return;
  failpoint('btrfs.create.directory');
  ensureDirectory(directory, 0o700);
  if (mayBeRebased(volume)) ensureDirectory(`${directory}/${names.work}`, 0o711);
  if (exists(layout.fs(id))) return;
  failpoint('btrfs.create.fs');
  if (kind !== 'view' && isSubvolume(layout.layer(id))) await thaw(tools, id);
  else if (parent !== undefined)
    await calls.snapshot(layout.layer(parent), directory, names.fs, { readOnly: kind === 'view' });
  else await createEmpty(tools, directory, kind === 'view');
}

function exists(fs: string): boolean {
  if (isSubvolume(fs)) return true;
  if (isDirectory(fs)) throw new Fault('misuse', `${fs}: is not a subvolume`, { hint: 'move it out of the way' });
  return false;
}

/** A volume that was committed, by a log that lost the commit: its layer becomes what the active writes into. */
async function thaw({ layout, calls }: Tools, id: number): Promise<void> {
  const layer = layout.layer(id);
  await calls.setReadOnly(layer, false);
  // It must not count as pristine: it may have been written into.
  utimesSync(layer, new Date(), new Date());
  renameSync(layer, layout.fs(id));
}

/** The layer of a volume of the pool, which is not in use yet. */
export const makeEmptyLayer = (calls: Pick<BtrfsCalls, 'create'>) => async (path: string) => {
  await calls.create(dirname(path), basename(path));
  chmodSync(path, 0o755);
};

/** A subvolume's mode depends on the umask, so it gets its name last. */
async function createEmpty({ calls, failpoint }: Tools, directory: string, readOnly: boolean): Promise<void> {
  const unready = `${directory}/${names.unready}`;
  if (!isSubvolume(unready)) await calls.create(directory, names.unready);
  failpoint('btrfs.create.mode');
  chmodSync(unready, 0o755);
  failpoint('btrfs.create.name');
  renameSync(unready, `${directory}/${names.fs}`);
  // The mount of a view is read-only in any case.
  if (readOnly) await calls.setReadOnly(`${directory}/${names.fs}`, true);
}

/**
 * Deletes what is at a path, the subvolumes in it first, and resolves with the bytes freed of what is no subvolume: the kernel
 * frees a subvolume's space later, in the background, and only then is known how much it was. `removeTree` deletes a directory
 * tree off the main thread.
 */
export async function removeVolume(
  calls: Pick<BtrfsCalls, 'remove'>,
  removeTree: (path: string) => Promise<number>,
  path: string,
): Promise<number> {
  if (isSubvolume(path)) {
    await calls.remove(dirname(path), basename(path));
    return 0;
  }
  if (!isDirectory(path)) return removeTree(path);
  for (const name of readdirSync(path)) if (isSubvolume(`${path}/${name}`)) await calls.remove(path, name);
  try {
    rmdirSync(path);
    return 0;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY')) return removeTree(path);
    throw error;
  }
}

interface OrphanTools extends Pick<Orphans, 'root' | 'remove'> {
  readonly calls: Pick<BtrfsCalls, 'info'>;
  readonly syncFileSystem: (path: string) => Promise<void>;
}

export const btrfsOrphans = (tools: OrphanTools) =>
  orphanActions({
    root: tools.root,
    remove: tools.remove,
    parts: [names.fs, names.layer],
    inode: rootInode,
    // `fs` without `layer` is an active or a view, `layer` without `fs` is committed. Both are a commit that was in progress:
    // the log shows whether it was recorded.
    foundAt: ({ path, id, has: [fs = false, layer = false] }) => ({
      path,
      id,
      layer: fs || layer,
      complete: fs,
      frozen: fs && layer,
      writable: fs && !layer,
    }),
    isPristine: (path) => isPristine(tools, path),
  });

/**
 * Whether a volume can't have been written into: it is empty, or a snapshot that was not changed since it was created. A commit
 * in progress, and anything that the driver does not create, shows that it was used.
 */
async function isPristine({ root, calls, syncFileSystem }: OrphanTools, path: string): Promise<boolean> {
  if (!isDirectory(path)) return false;
  for (const name of readdirSync(path)) {
    const part = `${path}/${name}`;
    if (name === names.work && isDirectory(part)) continue;
    if ((name !== names.fs && name !== names.unready) || !isSubvolume(part)) return false;
    // The kernel records the last change when it commits the transaction, which a flush makes it do.
    await syncFileSystem(root);
    const { isSnapshot, generation, createdAt } = await calls.info(part);
    if (isSnapshot ? generation !== createdAt : readdirSync(part).length > 0) return false;
  }
  return true;
}
