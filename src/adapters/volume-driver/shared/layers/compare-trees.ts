import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { Fault } from '../../../../ports/fault.ts';
import { refuseTooLong } from '../../../../ports/layers.ts';
import { bytesOf, rawPath } from '../paths.ts';

/** The difference between two trees; paths relative to both, with a byte in each character. */
export interface Difference {
  /** entries that are new or may have been changed, and all directories on their paths and those of removed ones, each before its content */
  readonly changed: readonly string[];
  /** removed entries, of directories only the directory */
  readonly removed: readonly string[];
}

/** Whether an entry of the child is the same as the parent's under that path. */
export type IsSame = (path: string, before: BigIntStats, now: BigIntStats) => boolean;

interface Walk {
  readonly parent: string | undefined;
  readonly child: string;
  readonly isSame: IsSame;
  readonly changed: Set<string>;
  readonly removed: string[];
  /** all names of each file that has several */
  readonly names: Map<string, string[]>;
}

/**
 * Compares a tree with another one, or with nothing. `doubtful` is called at the end: paths that count as changed after all. Throws
 * a Fault (`unsupported`) for a character device 0/0, which would be taken for a removal.
 */
export function compareTrees(
  parent: string | undefined,
  child: string,
  isSame: IsSame,
  doubtful: () => readonly string[] = () => [],
): Difference {
  const walk: Walk = {
    parent: parent === undefined ? undefined : bytesOf(parent),
    child: bytesOf(child),
    isSame,
    changed: new Set(),
    removed: [],
    names: new Map(),
  };
  visit(walk, '', parent !== undefined);
  for (const path of doubtful()) walk.changed.add(path);
  // A file of which one name is new must arrive with all its names, else it would become two files.
  for (const names of walk.names.values())
    if (names.some((name) => walk.changed.has(name))) for (const name of names) walk.changed.add(name);
  for (const path of [...walk.changed, ...walk.removed])
    for (const above of directoriesAbove(path)) walk.changed.add(above);
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
  if (old === undefined || !walk.isSame(path, old, stats)) walk.changed.add(path);
}

function* directoriesAbove(path: string): Generator<string> {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) yield path.slice(0, end);
}

const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const namesIn = (directory: string) => readdirSync(rawPath(directory), 'latin1');
const statsOf = (path: string) => lstatSync(rawPath(path), { bigint: true });
