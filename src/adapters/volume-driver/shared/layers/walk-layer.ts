import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import type { LayerEntry } from '../../../../ports/layers.ts';

/** The result of a walk down a path. */
export interface WalkResult {
  readonly entry: Exclude<LayerEntry, { is: 'whiteout' }>;
  /** the existing entries on the path, the last included; `depth` counts the steps to it */
  readonly existing: readonly { readonly depth: number; readonly absolute: string; readonly stats: BigIntStats }[];
}

/** Walks from a layer's directory down a path, without following a link. */
export function walk(top: string, path: readonly string[]): WalkResult {
  if (statsOf(top) === undefined)
    throw new Fault('missing', `${top}: is not on disk`, {
      hint: 'its volume was purged or lost: run `snapledger verify`',
    });
  const existing: WalkResult['existing'][number][] = [];
  for (let depth = 1; depth <= path.length; depth++) {
    const within = path.slice(0, depth).join('/');
    const absolute = join(top, within);
    const stats = statsOf(absolute);
    if (stats === undefined) return { entry: { is: 'absent' }, existing };
    existing.push({ depth, absolute, stats });
    if (depth === path.length || stats.isDirectory()) continue;
    const target = stats.isSymbolicLink() ? readlinkSync(absolute) : null;
    return { entry: { is: 'blocked', at: within, type: typeOf(stats), target }, existing };
  }
  return { entry: entryOf(existing.at(-1)?.stats ?? lstatSync(top, { bigint: true })), existing };
}

function entryOf(stats: BigIntStats): WalkResult['entry'] {
  const { ino, mode, size, mtimeNs, ctimeNs } = stats;
  const stamp = [ino, mode, size, mtimeNs, ctimeNs].join(' ');
  return { is: 'present', type: typeOf(stats), bytes: Number(size), stamp, metadata: false };
}

/** Steps of a path after the last directory that a walk reached. */
export const stepsLeft = ({ existing }: WalkResult, path: readonly string[]): number =>
  path.length - (existing.findLast(({ stats }) => stats.isDirectory())?.depth ?? 0);

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
