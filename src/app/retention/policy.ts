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
  readonly minFree: LeastFree;
}

/** A part of the whole file system, or bytes. */
export type LeastFree = { readonly fraction: number } | { readonly bytes: number };

/** How many bytes must be freed; where inodes are short, more than nothing. */
export function shortOf(room: DiskSpace, least: LeastFree): number {
  const bytes = 'bytes' in least ? least.bytes : least.fraction * room.totalBytes;
  const fewInodes = 'fraction' in least && room.inodes < least.fraction * room.totalInodes;
  return Math.max(bytes - room.bytes, fewInodes ? 1 : 0);
}
