import { lstatSync, readlinkSync } from 'node:fs';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { faultOf } from '../../../../ports/fault.ts';
import type { OwnEntries, OwnEntry } from '../../../../ports/layers.ts';
import { bytesOf, rawPath } from '../paths.ts';
import { typeOf } from './describe-entries.ts';
import type { FindTree, LayerOf } from './manifest.ts';

/** Entries looked at before others have a turn. */
const slice = 500;

/** The own entries of a layer by path, without their content, up to a limit. Rejects with a Fault. */
export async function ownEntries(findTree: FindTree, layer: LayerOf, limit: number): Promise<OwnEntries> {
  try {
    const { top, paths, removed } = findTree(layer);
    const own = paths.filter((path) => path !== '').sort();
    const entries: OwnEntry[] = [];
    for (const [at, path] of own.slice(0, limit).entries()) {
      const entry = entryAt(bytesOf(top), path);
      if (entry !== undefined) entries.push(entry);
      if (at % slice === slice - 1) await yieldToLoop();
    }
    for (const path of removed.slice(0, limit - entries.length)) entries.push(whiteout(path));
    return { entries, truncated: own.length + removed.length > limit };
  } catch (error) {
    throw faultOf(error, `snapshots/${layer.id}`);
  }
}

/** Paths have a byte in each character. */
const textOf = (bytes: string) => Buffer.from(bytes, 'latin1').toString('utf8');

const whiteout = (path: string): OwnEntry => ({
  ...{ path: textOf(path), type: 'whiteout', bytes: 0, mode: 0, uid: 0, gid: 0, modified: 0n, target: null },
});

/** Undefined if it is gone meanwhile. */
function entryAt(top: string, path: string): OwnEntry | undefined {
  const absolute = `${top}/${path}`;
  const stats = lstatSync(rawPath(absolute), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isCharacterDevice() && stats.rdev === 0n) return whiteout(path);
  return {
    path: textOf(path),
    type: typeOf(stats),
    bytes: stats.isFile() ? Number(stats.size) : 0,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    modified: stats.mtimeNs > 0n ? stats.mtimeNs : 0n,
    target: stats.isSymbolicLink() ? textOf(readlinkSync(rawPath(absolute), 'latin1')) : null,
  };
}
