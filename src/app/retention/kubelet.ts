import type { DiskSpace } from '../../ports/space.ts';
import type { RetentionPolicy } from './policy.ts';

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
