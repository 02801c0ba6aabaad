import {
  type BigIntStats,
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { Fault } from '../../../../ports/fault.ts';
import type { FileCalls } from '../../../../ports/system.ts';
import { bytesOf, rawPath } from '../paths.ts';
import { removeTree } from '../trees/remove-tree.ts';

interface Merge {
  readonly calls: FileCalls;
  readonly keep: boolean;
  /** whiteouts and overlay's attributes are copied as they are */
  readonly verbatim: boolean;
  /** the first path in the tree of each file with several names */
  readonly linked: Map<string, string>;
}

/**
 * Changes a tree to what an overlay layer on top of it shows; the layer stays as it is. Both are on one file system with reflinks,
 * which share the data. A directory in both gets the layer's owner, mode, times and attributes. Attributes that only the tree's has are
 * dropped, as overlay hides them, or with `keep` kept, as unpacking on it would. Sync: for a worker thread. Throws the system's errors, or
 * a Fault (`unsupported`) for a layer written with `redirect_dir` or `metacopy`.
 */
export function mergeLayer(calls: FileCalls, layer: string, tree: string, { keep }: { readonly keep: boolean }): void {
  const merge = { calls, keep, verbatim: false, linked: new Map() };
  mergeDirectory(merge, bytesOf(layer), bytesOf(tree), statsOf(bytesOf(layer)), true);
}

/** Copies an overlay layer to a vacant path on the same file system, with all that is overlay's, sharing its data. Sync, as `mergeLayer`. */
export function copyLayer(calls: FileCalls, layer: string, tree: string): void {
  mkdirSync(rawPath(bytesOf(tree)));
  const merge = { calls, keep: true, verbatim: true, linked: new Map() };
  mergeDirectory(merge, bytesOf(layer), bytesOf(tree), statsOf(bytesOf(layer)), false);
}

/** `both`: what the tree's directory held before shows through. */
function mergeDirectory(merge: Merge, layer: string, tree: string, stats: BigIntStats, both: boolean): void {
  const { calls, linked } = merge;
  const own = attributesOf(merge, layer);
  if (both && own.opaque) for (const name of namesIn(tree)) removeTree(rawPath(`${tree}/${name}`));
  const inherits = calls.xattrs(rawPath(tree)).includes(defaultAcl);
  for (const name of namesIn(layer)) {
    const [from, to] = [`${layer}/${name}`, `${tree}/${name}`];
    const stats = statsOf(from);
    const old = both && !own.opaque ? lstatSync(rawPath(to), { throwIfNoEntry: false }) : undefined;
    const merges = stats.isDirectory() && old?.isDirectory() === true;
    if (old !== undefined && !merges) removeTree(rawPath(to));
    if (!merge.verbatim && isWhiteout(stats)) continue;
    const file = `${stats.dev} ${stats.ino}`;
    const first = stats.nlink > 1n && !stats.isDirectory() ? linked.get(file) : undefined;
    if (first !== undefined) {
      linkSync(rawPath(first), rawPath(to));
      continue;
    }
    if (!merges) createEntry(calls, from, to, stats, shareData);
    if (!merges && inherits) dropInherited(calls, to);
    if (stats.isDirectory()) mergeDirectory(merge, from, to, stats, merges);
    else copyAttributes(merge, to, stats, attributesOf(merge, from).attributes);
    if (stats.nlink > 1n && !stats.isDirectory()) linked.set(file, to);
  }
  copyAttributes(merge, tree, stats, own.attributes);
}

/** Copies the data of a file to a vacant path. */
type CopyData = (from: Buffer, to: Buffer, stats: BigIntStats) => void;

const shareData: CopyData = (from, to) =>
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);

/** Copies an entry to a vacant path, without its attributes; of a directory only the directory. Paths have a byte in each character. */
export function createEntry(calls: FileCalls, from: string, to: string, stats: BigIntStats, copyData: CopyData): void {
  if (stats.isDirectory()) mkdirSync(rawPath(to));
  else if (stats.isSymbolicLink()) symlinkSync(rawPath(readlinkSync(rawPath(from), 'latin1')), rawPath(to));
  else if (stats.isFile()) copyData(rawPath(from), rawPath(to), stats);
  else calls.makeNode(rawPath(to), Number(stats.mode), stats.rdev);
}

/**
 * Gives an entry owner, mode, attributes and times; with `keep` a directory keeps other attributes that it has. The mode comes after the
 * owner, whose change takes bits away, and before access control lists, which change it.
 */
export function copyAttributes(
  { calls, keep }: Pick<Merge, 'calls' | 'keep'>,
  to: string,
  stats: BigIntStats,
  attributes: Attributes,
): void {
  const path = rawPath(to);
  lchownSync(path, Number(stats.uid), Number(stats.gid));
  if (!stats.isSymbolicLink()) chmodSync(path, Number(stats.mode & 0o7777n));
  if (!keep && stats.isDirectory())
    for (const name of calls.xattrs(path)) if (!attributes.has(name) && name !== label) calls.removeXattr(path, name);
  for (const [name, value] of attributes) calls.setXattr(path, name, value);
  calls.setTimes(path, stats.atimeNs, stats.mtimeNs);
}

const defaultAcl = 'system.posix_acl_default';
/** Given by the security module, which may not let it be changed. */
export const label = 'security.selinux';

/** What is created in a directory with a default access control list has one as well. */
function dropInherited(calls: FileCalls, path: string): void {
  for (const name of calls.xattrs(rawPath(path)))
    if (name.startsWith('system.posix_acl_')) calls.removeXattr(rawPath(path), name);
}

export type Attributes = ReadonlyMap<string, Buffer>;

export const isOverlays = (name: string) => /^(trusted|user)\.overlay\./.test(name);
/** Their entries are not complete. */
const incomplete = /\.overlay\.(redirect|metacopy|whiteout)$/;

/** An entry's extended attributes without overlay's, unless these are copied too, and what those say. */
function attributesOf(
  { calls, verbatim }: Merge,
  path: string,
): { readonly attributes: Attributes; readonly opaque: boolean } {
  const attributes = new Map<string, Buffer>();
  let opaque = false;
  for (const name of calls.xattrs(rawPath(path))) {
    const value = name === label ? undefined : calls.xattr(rawPath(path), name);
    if (value === undefined) continue;
    if (verbatim || !isOverlays(name)) attributes.set(name, value);
    else if (name.endsWith('.opaque') && value.toString() === 'y') opaque = true;
    else if (incomplete.test(name) || name.endsWith('.opaque'))
      throw new Fault('unsupported', `${rawPath(path)}: a layer with ${name}=${value} can't be merged`, {
        hint: 'an overlay with other options than ours wrote it: keep the driver overlay',
      });
  }
  return { attributes, opaque };
}

/**
 * Takes overlay's whiteouts and attributes from a layer that has nothing below it. Returns how many there were. Sync: for a worker
 * thread. Of files, only the types are read.
 */
export function cleanLayer(calls: FileCalls, layer: string): number {
  let found = 0;
  const left = [bytesOf(layer)];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    const before = statsOf(path);
    const count = found;
    for (const name of calls.xattrs(rawPath(path)).filter(isOverlays)) {
      calls.removeXattr(rawPath(path), name);
      found += 1;
    }
    for (const entry of readdirSync(rawPath(path), { withFileTypes: true, encoding: 'latin1' })) {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) left.push(child);
      if (!entry.isCharacterDevice() || !isWhiteout(statsOf(child))) continue;
      removeTree(rawPath(child));
      found += 1;
    }
    if (found > count) calls.setTimes(rawPath(path), before.atimeNs, before.mtimeNs);
  }
  return found;
}

const isWhiteout = (stats: BigIntStats) => stats.isCharacterDevice() && stats.rdev === 0n;
const namesIn = (directory: string) => readdirSync(rawPath(directory), 'latin1');
const statsOf = (path: string) => lstatSync(rawPath(path), { bigint: true });
