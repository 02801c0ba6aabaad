import type { DiskSpace } from '../../ports/disk-space.ts';

/** How long removed layers are kept, and how much of them. */
export interface RetentionPolicy {
  /** milliseconds since the removal, as far as they are known (`elapsedAt`) */
  readonly keep: number;
  /** how many retained layers there may be, 1 at least */
  readonly maxSnapshots: number;
  /** bytes of all retained layers together */
  readonly maxBytes: number;
  /** what the file system must have free before anything is retained */
  readonly minFree: MinFree;
  /** namespaces that get no retained layers at a pull; default: none */
  readonly neverAdopt?: readonly string[];
}

/** A part of the whole file system, or bytes. */
export type MinFree = { readonly fraction: number } | { readonly bytes: number };

const minFreeBytes = (minFree: MinFree, { totalBytes }: Pick<DiskSpace, 'totalBytes'>) =>
  'bytes' in minFree ? minFree.bytes : minFree.fraction * totalBytes;

/** How many bytes must be freed; more than 0 if inodes are short. */
export function missingSpace(space: DiskSpace, minFree: MinFree): number {
  const fewInodes = 'fraction' in minFree && space.inodes < minFree.fraction * space.totalInodes;
  return Math.max(minFreeBytes(minFree, space) - space.bytes, fewInodes ? 1 : 0);
}

/**
 * The free part of the file system below which a kubelet with its defaults acts: it collects images
 * (image-gc-high-threshold 85) and then evicts pods (imagefs.available<15%). It counts retained layers as used, and what it
 * removes frees nothing while it is retained instead.
 */
const kubeletThreshold = 0.15;

/** How many bytes of retained layers there may be while such a kubelet lacks space. 0: all of them are evicted before. */
export function hiddenFromKubelet(
  { minFree, maxBytes }: Pick<RetentionPolicy, 'minFree' | 'maxBytes'>,
  space: DiskSpace,
): number {
  const hidden = kubeletThreshold * space.totalBytes - minFreeBytes(minFree, space);
  return Math.min(maxBytes, Math.max(0, Math.floor(hidden)));
}
