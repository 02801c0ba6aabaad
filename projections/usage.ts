import type { Event } from '../events/registry.ts';
import type { Mutable, ReadableMap } from './overlay-map.ts';

/** The measured size of committed snapshots, living or retained, by id: their own allocated bytes and inodes. */
export type UsageOfSnapshots = ReadableMap<number, { readonly bytes: number; readonly inodes: number }>;

export function evolveUsage(usage: Mutable<UsageOfSnapshots>, event: Event): void {
  switch (event.type) {
    case 'UsageMeasured':
      usage.set(event.data.id, { bytes: event.data.bytes, inodes: event.data.inodes });
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
