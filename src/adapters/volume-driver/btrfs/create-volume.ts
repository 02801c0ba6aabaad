import { chmodSync, renameSync, utimesSync } from 'node:fs';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { ensureDirectory, isDirectory } from '../shared/exact-directory.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { expectSubvolume, isSubvolume } from './is-subvolume.ts';
import { type Layout, names } from './layout.ts';

export interface Tools {
  readonly layout: Layout;
  readonly calls: BtrfsCalls;
  readonly failpoint: Failpoint;
}

/** Makes `snapshots/<id>/fs`, or leaves it as it is: once it has that name it is complete. */
export async function createVolume(tools: Tools, volume: Volume): Promise<void> {
  const { layout, calls, failpoint } = tools;
  const {
    id,
    kind,
    parents: [parent],
  } = volume;
  if (parent !== undefined) expectSubvolume(layout.layer(parent), `volume ${id}: its parent's layer`);
  const directory = layout.directory(id);
  failpoint('btrfs.create.directory');
  ensureDirectory(directory, 0o700);
  if (isThere(layout.fs(id))) return;
  failpoint('btrfs.create.fs');
  if (kind !== 'view' && isSubvolume(layout.layer(id))) await thaw(tools, id);
  else if (parent !== undefined)
    await calls.snapshot(layout.layer(parent), directory, names.fs, { readOnly: kind === 'view' });
  else await createEmpty(tools, directory, kind === 'view');
}

function isThere(fs: string): boolean {
  if (isSubvolume(fs)) return true;
  if (isDirectory(fs)) throw new Fault('misuse', `${fs}: is not a subvolume`, { hint: 'move it out of the way' });
  return false;
}

/** A volume that was committed, by a log that forgot it: its layer becomes what the active writes into. */
async function thaw({ layout, calls }: Tools, id: number): Promise<void> {
  const layer = layout.layer(id);
  await calls.setReadOnly(layer, false);
  // So that it never looks like a snapshot that nobody has written into.
  utimesSync(layer, new Date(), new Date());
  renameSync(layer, layout.fs(id));
}

/** A subvolume's mode is up to the umask, so it gets its name last. */
async function createEmpty({ calls, failpoint }: Tools, directory: string, readOnly: boolean): Promise<void> {
  const unready = `${directory}/${names.unready}`;
  if (!isSubvolume(unready)) await calls.create(directory, names.unready);
  failpoint('btrfs.create.mode');
  chmodSync(unready, 0o755);
  failpoint('btrfs.create.name');
  renameSync(unready, `${directory}/${names.fs}`);
  // What a view shows is mounted read-only in any case.
  if (readOnly) await calls.setReadOnly(`${directory}/${names.fs}`, true);
}
