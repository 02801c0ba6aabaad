import type { Kind } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';

/** A volume that the disk must hold. */
export interface Wanted {
  readonly kind: Kind;
  /** position of its SnapshotPrepared */
  readonly prepared: number;
  /** A later event speaks of it: its prepare was answered, so somebody may have written into it. */
  readonly touched: boolean;
  /** Committed, and its data is known to be on stable storage. */
  readonly flushed: boolean;
}

/** A volume that the disk must give up. */
export interface Doomed {
  /** position of the event that doomed it */
  readonly since: number;
  readonly why: string;
}

export interface Volumes {
  readonly wanted: PersistentMap<number, Wanted>;
  readonly doomed: PersistentMap<number, Doomed>;
}

export const emptyVolumes: Volumes = { wanted: emptyMap(), doomed: emptyMap() };

/** Total: an event that does not fit changes nothing. */
export function evolveVolumes(volumes: Volumes, { event, position }: Envelope): Volumes {
  const { wanted, doomed } = volumes;
  switch (event.type) {
    case 'SnapshotPrepared':
      return {
        wanted: wanted.set(event.data.id, {
          kind: event.data.kind,
          prepared: position,
          touched: false,
          flushed: false,
        }),
        doomed,
      };
    case 'SnapshotCommitted':
      return touch(volumes, event.data.id, { kind: 'committed', flushed: event.data.flushed });
    case 'VolumeFlushed':
      return touch(volumes, event.data.id, { flushed: true });
    case 'SnapshotRelabelled':
    case 'CommitUndone':
    case 'UsageMeasured':
      return touch(volumes, event.data.id);
    case 'SnapshotRemoved':
      return doom(volumes, event.data.id, { since: position, why: 'removed' });
    case 'PrepareUndone':
      return doom(volumes, event.data.id, { since: position, why: 'prepare undone' });
    case 'VolumePurged':
      return { wanted, doomed: doomed.delete(event.data.id) };
    case 'VolumeLost':
      return { wanted: wanted.delete(event.data.id), doomed };
    default:
      return volumes;
  }
}

function touch(volumes: Volumes, id: number, change: Partial<Wanted> = {}): Volumes {
  const volume = volumes.wanted.get(id);
  if (volume === undefined) return volumes;
  return { ...volumes, wanted: volumes.wanted.set(id, { ...volume, ...change, touched: true }) };
}

function doom(volumes: Volumes, id: number, doomed: Doomed): Volumes {
  return { wanted: volumes.wanted.delete(id), doomed: volumes.doomed.set(id, doomed) };
}
