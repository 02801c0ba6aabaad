import type { Event } from '../events/registry.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';

/** What was measured of each committed snapshot, living or retained, by id: its own allocated bytes and inodes. */
export type UsageOfSnapshots = PersistentMap<number, { readonly bytes: number; readonly inodes: number }>;

export const emptyUsage: UsageOfSnapshots = emptyMap();

/** Total: an event that says nothing of usage changes nothing. */
export function evolveUsage(usage: UsageOfSnapshots, event: Event): UsageOfSnapshots {
  switch (event.type) {
    case 'UsageMeasured':
      return usage.set(event.data.id, { bytes: event.data.bytes, inodes: event.data.inodes });
    case 'StoreImported':
      // Another file system allocates otherwise, and another driver counts otherwise: layers are measured anew.
      return cleared(usage);
    case 'SnapshotRemoved':
      return event.data.retained ? usage : usage.delete(event.data.id);
    case 'VolumeLost':
    case 'RetentionEnded':
      return usage.delete(event.data.id);
    default:
      return usage;
  }
}

const cleared = (usage: UsageOfSnapshots) =>
  Array.from(usage, ([id]) => id).reduce((left: UsageOfSnapshots, id) => left.delete(id), usage);
