import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { Fault } from '../../../ports/fault.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isDirectory, makeDirectory } from '../shared/exact-directory.ts';
import { mappedRoot } from './mapped-root.ts';
import { gidMapping, uidMapping } from './overlay-mounts.ts';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes `snapshots/<id>/fs` and `work` for an active, or what is missing of them; for a view it only looks whether the
 * parent is there. What an active that was once whole holds is left as it is.
 */
export function createVolume(root: string, volume: Volume, context: { failpoint: Failpoint; remapIds: boolean }): void {
  const { failpoint, remapIds } = context;
  const parent = parentOwner(root, volume);
  if (volume.kind === 'view') return;
  const owner = (remapIds ? mappedOwner(volume) : undefined) ?? parent ?? self;
  const directory = `${root}/snapshots/${volume.id}`;
  failpoint('overlay.create.directory');
  const isNew = makeDirectory(directory, 0o700);
  if (!isNew) chmodSync(directory, 0o700);
  failpoint('overlay.create.fs');
  if (isNew || !isInUse(directory)) makeLayer(`${directory}/fs`, owner);
  failpoint('overlay.create.work');
  if (!makeDirectory(`${directory}/work`, 0o711)) chmodSync(`${directory}/work`, 0o711);
}

const self: Owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };

/** The root of the new layer hides its parents' root: it takes over the owner. */
function parentOwner(root: string, { id, parents: [nearest] }: Volume): Owner | undefined {
  if (nearest === undefined) return undefined;
  const path = `${root}/snapshots/${nearest}/fs`;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return stats;
  throw new Fault('io', `volume ${id}: its parent's layer ${path} is missing`, {
    hint: '`snapledger verify` lists what the disk lacks',
  });
}

function mappedOwner({ labels }: Volume): Owner | undefined {
  const uids = labels[uidMapping];
  const gids = labels[gidMapping];
  return uids === undefined || gids === undefined ? undefined : { uid: mappedRoot(uids), gid: mappedRoot(gids) };
}

/** Whether a layer that is there already was once complete, or holds something: its owner and mode may be the user's then. */
function isInUse(directory: string): boolean {
  if (!isDirectory(`${directory}/fs`)) return false;
  return isDirectory(`${directory}/work`) || readdirSync(`${directory}/fs`).length > 0;
}

function makeLayer(path: string, owner: Owner): void {
  const isNew = makeDirectory(path, 0o755);
  if (!isNew || owner.uid !== self.uid || owner.gid !== self.gid) chownSync(path, owner.uid, owner.gid);
  if (!isNew) chmodSync(path, 0o755);
}
