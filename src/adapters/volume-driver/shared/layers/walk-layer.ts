import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import type { LayerEntry } from '../../../../ports/layers.ts';

/** What a walk down a path found. */
export interface Walked {
  readonly entry: Exclude<LayerEntry, { is: 'whiteout' }>;
  /** everything on the way that exists, the last included; `depth` is the number of steps to it */
  readonly met: readonly { readonly depth: number; readonly absolute: string; readonly stats: BigIntStats }[];
}

/** Walks from a layer's directory down a path, without following a link. */
export function walk(top: string, path: readonly string[]): Walked {
  if (statsOf(top) === undefined)
    throw new Fault('missing', `${top}: is not on disk`, {
      hint: 'its volume was purged or lost: run `snapledger verify`',
    });
  const met: Walked['met'][number][] = [];
  for (let depth = 1; depth <= path.length; depth++) {
    const within = path.slice(0, depth).join('/');
    const absolute = join(top, within);
    const stats = statsOf(absolute);
    if (stats === undefined) return { entry: { is: 'absent' }, met };
    met.push({ depth, absolute, stats });
    if (depth === path.length || stats.isDirectory()) continue;
    const target = stats.isSymbolicLink() ? readlinkSync(absolute) : null;
    return { entry: { is: 'blocked', at: within, type: typeOf(stats), target }, met };
  }
  return { entry: entryOf(met.at(-1)?.stats ?? lstatSync(top, { bigint: true })), met };
}

function entryOf(stats: BigIntStats): Walked['entry'] {
  const { ino, mode, size, mtimeNs, ctimeNs } = stats;
  const stamp = [ino, mode, size, mtimeNs, ctimeNs].join(' ');
  return { is: 'present', type: typeOf(stats), bytes: Number(size), stamp, metadata: false };
}

/** Steps of a path after the last directory that a walk met. */
export const stepsLeft = ({ met }: Walked, path: readonly string[]): number =>
  path.length - (met.findLast(({ stats }) => stats.isDirectory())?.depth ?? 0);

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return undefined;
    throw faultOf(error, path);
  }
}

function typeOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symbolic link';
  return stats.isFile() ? 'file' : 'special file';
}
