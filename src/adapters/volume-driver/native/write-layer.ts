import { type BigIntStats, linkSync, lstatSync, readlinkSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import type { FileCalls } from '../../../ports/system.ts';
import { compareTrees, type IsSame } from '../shared/layers/compare-trees.ts';
import { type Attributes, copyAttributes, createEntry, isOverlays, label } from '../shared/layers/merge-layer.ts';
import { bytesOf, rawPath } from '../shared/paths.ts';
import { copyData, isSameData } from './copy-data.ts';

const characterDevice = 0o020000;

/**
 * Writes what a snapshot of containerd's native snapshotter adds to its parent, of which it is a complete copy, into an empty
 * directory, as overlay keeps it. The trees stay as they are. A directory in which nothing differs is left out: the copy gave it another
 * time. Sync. Throws the system's errors, or a Fault (`unsupported`) for what overlay would take for its own.
 */
export function writeNativeLayer(calls: FileCalls, tree: string, parent: string | undefined, layer: string): void {
  const { changed, removed } = compareTrees(parent, tree, sameIn(calls, bytesOf(tree), bytesOf(parent ?? '')));
  const [from, to] = [bytesOf(tree), bytesOf(layer)];
  const linked = new Map<string, string>();
  for (const path of changed) {
    const stats = statsOf(`${from}/${path}`);
    const file = stats.isDirectory() || stats.nlink === 1n ? '' : `${stats.dev} ${stats.ino}`;
    const first = linked.get(file);
    if (first !== undefined) linkSync(rawPath(first), rawPath(`${to}/${path}`));
    else createEntry(calls, `${from}/${path}`, `${to}/${path}`, stats, copyData);
    if (file !== '') linked.set(file, `${to}/${path}`);
  }
  for (const path of removed) calls.makeNode(rawPath(`${to}/${path}`), characterDevice, 0n);
  // A directory after its content, which changes its time.
  for (const path of [...changed].reverse())
    copyAttributes(
      { calls, keep: false },
      `${to}/${path}`,
      statsOf(`${from}/${path}`),
      attributesOf(calls, `${from}/${path}`),
    );
  copyAttributes({ calls, keep: false }, to, statsOf(from), attributesOf(calls, from));
}

/** Times and sizes are not enough: images made to be reproducible give all files one time. */
function sameIn(calls: FileCalls, tree: string, parent: string): IsSame {
  const hasSameNames = sameNames();
  return (path, old, now) => {
    const [before, after] = [rawPath(`${parent}/${path}`), rawPath(`${tree}/${path}`)];
    if (!(['mode', 'uid', 'gid', 'rdev'] as const).every((field) => old[field] === now[field])) return false;
    if (!areSame(attributesOf(calls, `${parent}/${path}`), attributesOf(calls, `${tree}/${path}`))) return false;
    if (now.isDirectory()) return true;
    if (old.size !== now.size || old.mtimeNs !== now.mtimeNs || !hasSameNames(old, now)) return false;
    if (now.isSymbolicLink()) return readlinkSync(before, 'latin1') === readlinkSync(after, 'latin1');
    return !now.isFile() || isSameData(before, after);
  };
}

/** Whether files with several names have the same ones in both trees, as far as was seen: a later name shows it otherwise. */
function sameNames(): (old: BigIntStats, now: BigIntStats) => boolean {
  const [forth, back] = [new Map<bigint, bigint>(), new Map<bigint, bigint>()];
  const pairs = (map: Map<bigint, bigint>, one: bigint, other: bigint) => {
    const known = map.get(one) ?? other;
    map.set(one, known);
    return known === other;
  };
  return (old, now) =>
    old.nlink === now.nlink && (now.nlink === 1n || (pairs(forth, old.ino, now.ino) && pairs(back, now.ino, old.ino)));
}

function areSame(one: Attributes, other: Attributes): boolean {
  return one.size === other.size && [...one].every(([name, value]) => other.get(name)?.equals(value) === true);
}

function attributesOf(calls: FileCalls, path: string): Attributes {
  const names = calls.xattrs(rawPath(path)).filter((name) => name !== label);
  const overlays = names.find(isOverlays);
  if (overlays !== undefined)
    throw new Fault('unsupported', `${rawPath(path)}: the attribute ${overlays} can't be carried`, {
      hint: `an overlay inside the container set it: take it off (setfattr -x), or remove the snapshot`,
    });
  return new Map(names.map((name) => [name, calls.xattr(rawPath(path), name)]));
}

const statsOf = (path: string) => lstatSync(rawPath(path), { bigint: true });
