import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { LayerEntry } from '../../ports/layer-files.ts';

/** Looks at each step of a walk before it is taken; an entry ends the walk. */
export type Step = (path: string, stats: BigIntStats, within: string) => Promise<LayerEntry | undefined>;

/** Walks from a layer's directory down a path, without following a link. `seen` is asked about every entry on the way. */
export async function walk(top: string, path: readonly string[], seen: Step): Promise<LayerEntry> {
  if (statsOf(top) === undefined)
    throw new Fault('missing', `${top}: is not on disk`, {
      hint: 'its volume was purged or lost: `snapledger verify` tells',
    });
  for (let depth = 1; depth <= path.length; depth++) {
    const within = path.slice(0, depth).join('/');
    const place = join(top, within);
    const stats = statsOf(place);
    if (stats === undefined) return { is: 'silent' };
    const entry = await seen(place, stats, within);
    if (entry !== undefined) return entry;
    if (depth < path.length && !stats.isDirectory())
      return {
        is: 'barred',
        at: within,
        type: typeOf(stats),
        target: stats.isSymbolicLink() ? readlinkSync(place) : null,
      };
  }
  const stats = statsOf(join(top, ...path));
  if (stats === undefined) return { is: 'silent' };
  const { ino, mode, size, mtimeNs, ctimeNs } = stats;
  return {
    is: 'there',
    type: typeOf(stats),
    bytes: Number(size),
    stamp: [ino, mode, size, mtimeNs, ctimeNs].join(' '),
  };
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw faultOf(error, path);
  }
}

function typeOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  return stats.isFile() ? 'file' : 'special file';
}
