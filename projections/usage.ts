import type { Event } from '../events/registry.ts';
import type { Mutable, ReadableMap } from './latest/overlay-map.ts';

/** The measured size of committed snapshots, existing or retained, by id: their own allocated bytes and inodes. */
export type UsageOfSnapshots = ReadableMap<number, { readonly bytes: number; readonly inodes: number }>;

export function evolveUsage(usage: Mutable<UsageOfSnapshots>, event: Event): void {
  switch (event.type) {
    case 'UsageMeasured':
      usage.set(event.data.id, { bytes: event.data.bytes, inodes: event.data.inodes });
      break;
    case 'SnapshotTakenOver':
      if (event.data.usage !== null) usage.set(event.data.id, event.data.usage);
      break;
    case 'StoreImported':
      // Another file system allocates differently, and another driver counts differently: layers are measured again.
      for (const id of [...usage.keys()]) usage.delete(id);
      break;
    case 'SnapshotRemoved':
      if (!event.data.retained) usage.delete(event.data.id);
      break;
    case 'VolumeLost':
    case 'RetentionEnded':
      usage.delete(event.data.id);
      break;
    default:
  }
}

/** Allocated bytes and inodes of a layer. */
interface Figures {
  readonly bytes: number;
  readonly inodes: number;
}

/** Bytes by which two measurements of an unchanged layer may differ, and the share of them that is added to that. */
const slack = 64 << 10;
const part = 1 / 8;

/**
 * How a committed layer differs from its measurement, or undefined if it does not. Inodes are compared exactly. Bytes are
 * the allocation of the file system, which may change it by itself (deduplication, space reserved ahead, rebuilt directories):
 * they may differ by an eighth and 64 KiB.
 */
export function usageDifference(measured: Figures, found: Figures): string | undefined {
  if (found.inodes !== measured.inodes) return `it holds ${found.inodes} of the ${measured.inodes} inodes measured`;
  if (Math.abs(found.bytes - measured.bytes) <= slack + measured.bytes * part) return undefined;
  return `it holds ${found.bytes} of the ${measured.bytes} bytes measured`;
}
