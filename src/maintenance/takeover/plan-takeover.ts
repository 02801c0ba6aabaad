import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../../events/registry.ts';
import { names } from '../../adapters/system/root/root-stage.ts';
import type { FileDigest, MetadataContent, StoredSnapshot } from '../../ports/containerd-store.ts';
import { Fault } from '../../ports/fault.ts';

/** Something in a store of containerd's that does not fit, and what becomes of it. */
export interface Odd {
  /** relative to the root */
  readonly path: string;
  readonly what: string;
}

/** The snapshots of a store of containerd's, and how its disk differs from its database. */
export interface TakeoverPlan {
  /** each after its parent */
  readonly snapshots: readonly StoredSnapshot[];
  readonly lastId: number;
  readonly committed: number;
  readonly actives: number;
  readonly views: number;
  /** of the committed snapshots, as containerd measured them */
  readonly bytes: number;
  readonly odd: readonly Odd[];
}

/**
 * Compares a database with the directories of its root. Reads names only. Throws a Fault: `corrupt` for a parent that does not exist,
 * `unsupported` if no snapshot at all has a directory of overlayfs: all would be lost.
 */
export function planTakeover(root: string, { snapshots, lastId }: MetadataContent): TakeoverPlan {
  expectLayers(root, snapshots);
  return { ...planOf(snapshots), lastId, odd: [...oddInRoot(root), ...oddSnapshots(root, snapshots)] };
}

/** The snapshots of a database in order, and counted. Throws as `planTakeover`. */
export function planOf(snapshots: readonly StoredSnapshot[]): Omit<TakeoverPlan, 'lastId' | 'odd'> {
  const count = (kind: StoredSnapshot['kind']) => snapshots.filter((one) => one.kind === kind).length;
  return {
    snapshots: parentsFirst(snapshots),
    committed: count('committed'),
    actives: count('active'),
    views: count('view'),
    bytes: snapshots.reduce((sum, { usage }) => sum + (usage?.bytes ?? 0), 0),
  };
}

function expectLayers(root: string, snapshots: readonly StoredSnapshot[]): void {
  const own = snapshots.filter(({ kind }) => kind !== 'view');
  if (own.length === 0 || own.some(({ id }) => isDirectory(layerPath(root, id)))) return;
  throw new Fault('unsupported', `root ${root}: none of its ${own.length} snapshots has a directory snapshots/ID/fs`, {
    hint: 'mount the disk that holds them; a root of the native snapshotter is copied: takeover --from ROOT --root NEW; nothing was changed',
  });
}

const layerPath = (root: string, id: number) => join(root, `snapshots/${id}/fs`);

function parentsFirst(snapshots: readonly StoredSnapshot[]): readonly StoredSnapshot[] {
  const byKey = new Map(snapshots.map((snapshot) => [snapshot.key, snapshot]));
  const placed = new Set<StoredSnapshot>();
  for (const snapshot of snapshots) {
    const chain: StoredSnapshot[] = [];
    for (let next = snapshot; !placed.has(next); ) {
      chain.push(next);
      if (next.parent === '') break;
      const parent = byKey.get(next.parent);
      if (parent?.kind !== 'committed' || chain.includes(parent)) throw withoutParent(next);
      next = parent;
    }
    for (const one of chain.reverse()) placed.add(one);
  }
  return [...placed];
}

const withoutParent = ({ id, key, parent }: StoredSnapshot) =>
  new Fault('corrupt', `metadata.db: snapshot ${id} ${key}: its parent ${parent} does not exist, or is not committed`, {
    hint: 'remove this snapshot with containerd first (ctr snapshots rm); nothing was changed',
  });

/** Entries of the root that neither containerd nor snapledger makes. They stay where they are. */
function oddInRoot(root: string): readonly Odd[] {
  const known: readonly string[] = ['snapshots', 'lock', 'lost+found', ...Object.values(names)];
  return readdirSync(root)
    .filter((name) => !known.includes(name) && !name.startsWith(`${names.givenBack}.`))
    .map((name) => ({ path: name, what: 'does not belong here; it stays' }));
}

function oddSnapshots(root: string, snapshots: readonly StoredSnapshot[]): readonly Odd[] {
  const recorded = new Set(snapshots.map(({ id }) => String(id)));
  const unknown = readdirSync(join(root, 'snapshots')).filter((name) => !recorded.has(name));
  return [
    ...unknown.map((name) => ({
      path: `snapshots/${name}`,
      what: `${strayText(name)}; the first start moves it to quarantine/`,
    })),
    ...snapshots.flatMap(({ id, key, kind }) => {
      const path = `snapshots/${id}/fs`;
      if (kind === 'view' || isDirectory(join(root, path))) return [];
      return [{ path, what: `missing: the first start declares ${key} lost, and what is built on it` }];
    }),
  ];
}

/** What an entry of `snapshots/` is that no snapshot has. */
export function strayText(name: string): string {
  if (/^new-\d+$/.test(name)) return 'containerd had not finished making it';
  if (name.startsWith('rm-')) return 'containerd had not finished deleting it';
  return /^\d+$/.test(name) ? 'no snapshot has this id' : 'does not belong here';
}

const isDirectory = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Where a store comes from. */
interface Origin {
  readonly store: string;
  /** containerd's name of the snapshotter */
  readonly from: string;
  readonly version: string;
  readonly driver?: string;
  readonly database?: string;
}

/** The facts of a takeover, in their order. */
export function factsOf(
  { snapshots, committed, actives, views, lastId }: TakeoverPlan,
  { sha256 }: Pick<FileDigest, 'sha256'>,
  { store, from, version, driver = 'overlay', database = names.kept }: Origin,
): readonly Event[] {
  const ids = new Map(snapshots.map(({ id, key }) => [key, id]));
  return [
    { type: 'StoreCreated', data: { store, driver, version } },
    { type: 'StoreTakenOver', data: { from, database, sha256, committed, actives, views, lastId } },
    ...snapshots.map(
      (snapshot): Event => ({
        type: 'SnapshotTakenOver',
        data: { ...snapshot, parentId: ids.get(snapshot.parent) ?? null },
      }),
    ),
  ];
}
