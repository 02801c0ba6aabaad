import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createDiskSpaceMeter, isOn } from '../../adapters/system/file-system.ts';
import { isSubvolume } from '../../adapters/volume-driver/btrfs/layout.ts';
import { isWithin, mountOf, mountPoints } from '../../adapters/volume-driver/shared/mounts.ts';
import type { StoredSnapshot } from '../../ports/containerd-store.ts';
import { Fault } from '../../ports/fault.ts';
import { type Odd, strayText } from './plan-takeover.ts';

const unchanged = 'nothing was changed';

/** Snapshotters of containerd whose stores can be copied. */
export type SourceKind = 'btrfs' | 'native';

const folders: Readonly<Record<SourceKind, Readonly<Record<'committed' | 'active', string>>>> = {
  btrfs: { committed: 'snapshots', active: 'active' },
  native: { committed: 'snapshots', active: 'snapshots' },
};

/** The complete tree of a committed snapshot or an active. */
export const treeOf = (
  from: string,
  kind: SourceKind,
  { id, kind: state }: Pick<StoredSnapshot, 'id' | 'kind'>,
): string => join(from, folders[kind][state === 'active' ? 'active' : 'committed'], String(id));

/** Checks that a root of containerd's can be copied into a new one. `near` is the new root, or the directory that it will be in. Throws a Fault. */
export function checkSource(from: string, kind: string, root: string, near: string): asserts kind is SourceKind {
  if (process.geteuid?.() !== 0)
    throw new Fault('misuse', `root ${from}: only root can copy it`, { hint: `run it as root; ${unchanged}` });
  if (kind !== 'btrfs' && kind !== 'native')
    throw new Fault('misuse', `root ${from}: stores of the snapshotter ${kind} can't be copied`, {
      hint: `name btrfs or native with --snapshotter if it is one of these; overlayfs is taken over in place (--root); ${unchanged}`,
    });
  if (isWithin(root, from) || isWithin(from, root))
    throw new Fault('misuse', `root ${root}: overlaps with ${from}`, {
      hint: `name another directory with --root; ${unchanged}`,
    });
  const laidOut = ['snapshots', 'active', 'view'].map((name) => isDirectory(join(from, name)));
  if (!laidOut[0] || laidOut.slice(1).some((found) => found !== (kind === 'btrfs')))
    throw new Fault('unsupported', `root ${from}: is not laid out as containerd's ${kind} snapshotter does it`, {
      hint: `name the directory in which its metadata.db is with --from; ${unchanged}`,
    });
  if (kind === 'btrfs' && !canShare(near, from))
    throw new Fault('unsupported', `root ${root}: is not on the btrfs file system of ${from}`, {
      hint: `name a directory on it with --root: snapshots can't leave their file system; ${unchanged}`,
    });
}

/** Whether two directories are on one file system that can share data between files. */
export const canShare = (one: string, other: string): boolean =>
  isOn(one, 'btrfs', 'xfs') && mountOf(one)?.source === mountOf(other)?.source;

/** Throws a Fault (`corrupt`) if a snapshot that is to be copied has no tree. */
export function expectTrees(from: string, kind: SourceKind, snapshots: readonly StoredSnapshot[]): void {
  const exists = kind === 'btrfs' ? isSubvolume : isDirectory;
  for (const snapshot of snapshots) {
    const tree = treeOf(from, kind, snapshot);
    if (snapshot.kind !== 'view' && !exists(tree))
      throw new Fault('corrupt', `snapshot ${snapshot.key}: ${tree} does not exist`, {
        hint: `remove the snapshot with containerd first (ctr snapshots rm); ${unchanged}`,
      });
  }
}

/** Throws a Fault (`busy`) if an active is mounted: what a container writes later would be missing in the copy. */
export function refuseMounted(from: string, kind: SourceKind, snapshots: readonly StoredSnapshot[]): void {
  const identity = (path: string) => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return `${stats?.dev} ${stats?.ino}`;
  };
  const actives = snapshots
    .filter((one) => one.kind === 'active')
    .map((one) => [identity(treeOf(from, kind, one)), one] as const);
  const byTree = new Map(actives);
  // Another file system may not answer.
  const type = mountOf(from)?.type;
  for (const { point } of mountPoints().filter((mount) => mount.type === type)) {
    const mounted = byTree.get(identity(point));
    if (mounted !== undefined)
      throw new Fault('busy', `snapshot ${mounted.key}: is mounted at ${point}`, {
        hint: `end its container first (ctr tasks kill; crictl stopp): what it writes later would be lost; ${unchanged}`,
      });
  }
}

/** Entries that no snapshot has. */
export function oddInSource(from: string, kind: SourceKind, snapshots: readonly StoredSnapshot[]): readonly Odd[] {
  const placesOf = (one: StoredSnapshot) =>
    // native has a directory for a view without parent.
    one.kind === 'view'
      ? ['view', 'snapshots'].map((place) => join(from, place, String(one.id)))
      : [treeOf(from, kind, one)];
  const known = new Set(snapshots.flatMap(placesOf));
  return (kind === 'btrfs' ? ['snapshots', 'active', 'view'] : ['snapshots']).flatMap((place) =>
    readdirSync(join(from, place))
      .filter((name) => !known.has(join(from, place, name)))
      .map((name) => ({ path: join(place, name), what: `${strayText(name)}; it is not copied` })),
  );
}

/** What a new log reserves, and what a file system needs for itself. */
const spare = 32 << 20;

/**
 * Throws a Fault (`no-space`) if the copies can't have room: what each layer of native adds to the size of its parent is needed at
 * least, unless data can be shared.
 */
export async function expectRoom(near: string, snapshots: readonly StoredSnapshot[], shares: boolean): Promise<void> {
  const bytesOf = new Map(snapshots.map(({ key, usage }) => [key, usage?.bytes ?? 0]));
  const growth = ({ parent, usage }: StoredSnapshot) => Math.max(0, (usage?.bytes ?? 0) - (bytesOf.get(parent) ?? 0));
  const needed = spare + (shares ? 0 : snapshots.reduce((sum, one) => sum + growth(one), 0));
  const { bytes } = await createDiskSpaceMeter(near)();
  if (bytes < needed)
    throw new Fault('no-space', `root ${near}: ${bytes} bytes are free, and the copies need at least ${needed}`, {
      hint: `free some space, or name a directory on another file system with --root; ${unchanged}`,
    });
}

const isDirectory = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
