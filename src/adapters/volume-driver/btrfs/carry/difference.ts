import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { Fault } from '../../../../ports/fault.ts';
import { refuseTooLong } from '../../../../ports/layers.ts';
import { bytesOf, rawPath } from '../../shared/paths.ts';

/** The difference between two trees; paths relative to both, with a byte in each character. */
export interface Difference {
  /** entries that are new or may have been changed, and all directories on their paths, each before its content */
  readonly changed: readonly string[];
  /** removed entries, of directories only the directory */
  readonly removed: readonly string[];
}

/** More than the resolution of the kernel's clock for times of files. */
const tick = 20_000_000n;

/** An entry without any sign of a change. */
interface Unchanged {
  readonly path: string;
  readonly changedAt: bigint;
}

interface Walk {
  readonly parent: string | undefined;
  readonly child: string;
  /** devices of the two subvolumes: a file on another device (a nested subvolume) is not the same file */
  readonly devices: readonly [parent: bigint | undefined, child: bigint];
  readonly changed: Set<string>;
  readonly removed: string[];
  readonly unchanged: Unchanged[];
  /** all names of each file that has several */
  readonly names: Map<string, string[]>;
  /** the latest change seen in the parent */
  newest: bigint;
}

/**
 * Compares a subvolume with the frozen one that it began as a snapshot of, or with nothing. A snapshot keeps inode numbers, and
 * the kernel stamps every change of an inode (ctime): equal numbers and stamps are the same file, unless the stamp is so close
 * to the freeze that a later change could have the same stamp. Such files count as changed. Throws a Fault
 * (`unsupported`) for a character device 0/0, which would be taken for a removal.
 */
export function differenceOf(parent: string | undefined, child: string): Difference {
  const walk: Walk = {
    parent: parent === undefined ? undefined : bytesOf(parent),
    child: bytesOf(child),
    devices: [parent === undefined ? undefined : statsOf(bytesOf(parent)).dev, statsOf(bytesOf(child)).dev],
    changed: new Set(),
    removed: [],
    unchanged: [],
    names: new Map(),
    newest: 0n,
  };
  visit(walk, '', parent !== undefined);
  for (const { path, changedAt } of walk.unchanged) if (changedAt >= walk.newest - tick) walk.changed.add(path);
  // A file of which one name is new must arrive with all its names, else it would become two files.
  for (const names of walk.names.values())
    if (names.some((name) => walk.changed.has(name))) for (const name of names) walk.changed.add(name);
  for (const path of [...walk.changed]) for (const above of directoriesAbove(path)) walk.changed.add(above);
  return { changed: [...walk.changed].sort(byBytes), removed: walk.removed };
}

function visit(walk: Walk, within: string, inParent: boolean): void {
  const before = new Set(inParent ? namesIn(`${walk.parent}/${within}`) : []);
  for (const name of namesIn(`${walk.child}/${within}`)) {
    const path = within === '' ? name : `${within}/${name}`;
    refuseTooLong(walk.child, path);
    const stats = statsOf(`${walk.child}/${path}`);
    const old = before.delete(name) ? statsOf(`${walk.parent}/${path}`) : undefined;
    note(walk, path, stats, old);
    if (stats.isDirectory()) visit(walk, path, old?.isDirectory() === true);
  }
  for (const name of before) walk.removed.push(within === '' ? name : `${within}/${name}`);
}

function note(walk: Walk, path: string, stats: BigIntStats, old: BigIntStats | undefined): void {
  if (stats.isCharacterDevice() && stats.rdev === 0n)
    throw new Fault('unsupported', `${rawPath(`${walk.child}/${path}`)}: a character device 0/0 can't be carried`, {
      hint: 'overlay takes it for a removed file: delete it, or move the whole file system (btrfs send)',
    });
  if (!stats.isDirectory() && stats.nlink > 1n) {
    const file = `${stats.dev} ${stats.ino}`;
    walk.names.set(file, [...(walk.names.get(file) ?? []), path]);
  }
  if (old !== undefined && old.ctimeNs > walk.newest) walk.newest = old.ctimeNs;
  if (old !== undefined && isSame(walk, old, stats)) walk.unchanged.push({ path, changedAt: stats.ctimeNs });
  else walk.changed.add(path);
}

const comparedFields = ['ino', 'mode', 'uid', 'gid', 'rdev', 'size', 'mtimeNs', 'ctimeNs'] as const;

const isSame = ({ devices: [parent, child] }: Walk, old: BigIntStats, now: BigIntStats) =>
  old.dev === parent && now.dev === child && comparedFields.every((field) => old[field] === now[field]);

function* directoriesAbove(path: string): Generator<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) yield path.slice(0, end);
}

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const namesIn = (directory: string) => readdirSync(rawPath(directory), 'latin1');
const statsOf = (path: string) => lstatSync(rawPath(path), { bigint: true });
