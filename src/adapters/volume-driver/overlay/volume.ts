import { chmodSync, chownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isDirectory, makeDirectory } from '../shared/directories.ts';
import { missingLayer } from '../shared/faults.ts';
import { type Orphans, orphanActions } from '../shared/orphans.ts';
import type { DriverPool, Owner } from '../shared/pool.ts';
import { gidMapping, uidMapping } from './overlay-mounts.ts';

/** Where a volume's files are. */
export interface Paths {
  directory(id: number): string;
  layer(id: number): string;
}

export const pathsIn = (root: string): Paths => ({
  directory: (id) => `${root}/snapshots/${id}`,
  layer: (id) => `${root}/snapshots/${id}/fs`,
});

/** Rejects with a Fault if a volume has no layer. */
export function expectLayer(id: number, path: string): Stats {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return stats;
  throw missingLayer(`volume ${id}: its layer`, path);
}

interface Context {
  readonly failpoint: Failpoint;
  readonly remapIds: boolean;
  readonly pool: Pick<DriverPool, 'take'>;
}

/**
 * Creates `snapshots/<id>/fs` and `work` for an active, or those that are missing, by moving a volume of the pool there if it can; for a view only checks that the parent
 * exists. The content of an active that was once complete is not changed. A staged active has no `fs` until its copy is placed: without
 * that it can't be committed.
 */
export function createVolume(root: string, volume: Volume, { failpoint, remapIds, pool }: Context): void {
  const parent = parentOwner(root, volume);
  if (volume.kind === 'view') return;
  const owner = (remapIds ? mappedOwner(volume) : undefined) ?? parent ?? self;
  const directory = `${root}/snapshots/${volume.id}`;
  if (volume.kind === 'active' && volume.staged !== true && pool.take(directory, isSelf(owner) ? undefined : owner))
    return;
  failpoint('overlay.create.directory');
  const isNew = makeDirectory(directory, 0o700);
  if (!isNew) chmodSync(directory, 0o700);
  failpoint('overlay.create.fs');
  if (volume.staged !== true && (isNew || !isInUse(directory))) createLayer(`${directory}/fs`, owner);
  failpoint('overlay.create.work');
  if (!makeDirectory(`${directory}/work`, 0o711)) chmodSync(`${directory}/work`, 0o711);
}

const self: Owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
const isSelf = ({ uid, gid }: Owner) => uid === self.uid && gid === self.gid;

/** The root of the new layer hides its parents' root: it takes over the owner. */
function parentOwner(root: string, { id, parents: [nearest] }: Volume): Owner | undefined {
  if (nearest === undefined) return undefined;
  const path = `${root}/snapshots/${nearest}/fs`;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return stats;
  throw missingLayer(`volume ${id}: its parent's layer`, path);
}

function mappedOwner({ labels }: Volume): Owner | undefined {
  const uids = labels[uidMapping];
  const gids = labels[gidMapping];
  return uids === undefined || gids === undefined ? undefined : { uid: hostRoot(uids), gid: hostRoot(gids) };
}

/** The host's id for id 0 of a container, from a mapping as in containerd's labels: `container:host:count`, joined by commas. */
export function hostRoot(mapping: string): number {
  for (const range of mapping.split(',')) {
    const [, inside, outside, count] = /^(\d+):(\d+):(\d+)$/.exec(range) ?? [];
    if (Number(inside) === 0 && Number(count) > 0) return Number(outside);
  }
  throw new Fault('misuse', `id mapping ${JSON.stringify(mapping)}: does not map id 0`, {
    hint: 'the labels uidmapping and gidmapping have the form 0:100000:65536',
  });
}

/** Whether an existing layer was once complete, or holds something: its owner and mode may be the user's then. */
function isInUse(directory: string): boolean {
  if (!isDirectory(`${directory}/fs`)) return false;
  return isDirectory(`${directory}/work`) || readdirSync(`${directory}/fs`).length > 0;
}

function createLayer(path: string, owner: Owner): void {
  const isNew = makeDirectory(path, 0o755);
  if (!isNew || !isSelf(owner)) chownSync(path, owner.uid, owner.gid);
  if (!isNew) chmodSync(path, 0o755);
}

export const overlayOrphans = (root: string, remove: Orphans['remove']) =>
  orphanActions({
    root,
    remove,
    parts: ['fs', 'work'],
    foundAt: ({ path, id, has: [layer = false, work = false] }) => ({
      path,
      id,
      layer,
      complete: layer && work,
      frozen: false,
      writable: false,
    }),
    isPristine: isEmptyVolume,
  });

/** Whether a directory has an empty layer or none, and nothing that the driver does not create. `work` is the kernel's own. */
function isEmptyVolume(path: string): boolean {
  if (!isDirectory(path)) return false;
  return readdirSync(path).every((name) => {
    const part = `${path}/${name}`;
    return isDirectory(part) && (name === 'work' || (name === 'fs' && readdirSync(part).length === 0));
  });
}
