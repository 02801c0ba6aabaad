import type { DiskSpace } from '../../ports/space.ts';

/** How long removed layers are kept, and how much of them. */
export interface RetentionPolicy {
  /** milliseconds that pass from the removal on, as far as they are known (`elapsedAt`) */
  readonly keep: number;
  /** how many retained layers there may be, 1 at least */
  readonly maxSnapshots: number;
  /** bytes of all retained layers together */
  readonly maxBytes: number;
  /** what the file system must have free before anything is retained */
  readonly minFree: MinFree;
}

/** A part of the whole file system, or bytes. */
export type MinFree = { readonly fraction: number } | { readonly bytes: number };

/** How many bytes must be freed; where inodes are short, more than nothing. */
export function missingSpace(room: DiskSpace, least: MinFree): number {
  const bytes = 'bytes' in least ? least.bytes : least.fraction * room.totalBytes;
  const fewInodes = 'fraction' in least && room.inodes < least.fraction * room.totalInodes;
  return Math.max(bytes - room.bytes, fewInodes ? 1 : 0);
}

/**
 * The part of the file system at which a kubelet with its defaults takes space to be short: with no more than this free it
 * collects images (image-gc-high-threshold 85), with less it evicts pods (imagefs.available<15%). It counts retained layers as
 * used, and nothing that it removes would be free while they are retained instead.
 */
const shortAt = 0.15;

/** How many bytes of retained layers there may be while such a kubelet lacks space. 0: all of them are purged before. */
export function hiddenFromKubelet({ minFree, maxBytes }: RetentionPolicy, { totalBytes }: DiskSpace): number {
  const keptFree = 'bytes' in minFree ? minFree.bytes : minFree.fraction * totalBytes;
  return Math.min(maxBytes, Math.max(0, Math.floor(shortAt * totalBytes - keptFree)));
}
