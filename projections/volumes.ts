import type { Kind } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';
import { adoptionKeyOf, type Snapshot } from './snapshot.ts';
import type { StoreInfo } from './store-info.ts';

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
export interface PendingPurge {
  /** position of the event since which it is to be purged */
  readonly since: number;
  readonly why: string;
}

/** A volume that the disk keeps of a removed layer, so that the layer can be brought back. */
export interface Retained {
  /** as it was removed */
  readonly snapshot: Snapshot;
  /** position of its removal */
  readonly since: number;
  /** time of its removal, nanoseconds since 1970 UTC: for people, since the clock may have been wrong */
  readonly removed: bigint;
  /** `elapsed` of the store's life at its removal, which its age is counted from */
  readonly elapsed: number;
  /** position of its SnapshotPrepared */
  readonly prepared: number;
  /** its data is known to be on stable storage */
  readonly flushed: boolean;
}

export interface Volumes {
  readonly wanted: PersistentMap<number, Wanted>;
  readonly pendingPurge: PersistentMap<number, PendingPurge>;
  readonly retained: PersistentMap<number, Retained>;
  /** by what they can be adopted for (`adoptionKeyOf`): the newest layer that is or was retained, as long as it lives or is retained */
  readonly adoptable: PersistentMap<string, number>;
}

export const emptyVolumes: Volumes = {
  wanted: emptyMap(),
  pendingPurge: emptyMap(),
  retained: emptyMap(),
  adoptable: emptyMap(),
};

/** Total: an event that does not fit changes nothing. `elapsed` is that of the life after the event. */
export function evolveVolumes(
  volumes: Volumes,
  { event, position, time }: Envelope,
  { elapsed }: Pick<StoreInfo, 'elapsed'>,
): Volumes {
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { id, kind } = event.data;
      return want(volumes, id, { kind, prepared: position, touched: false, flushed: false });
    }
    case 'SnapshotCommitted':
      return touch(volumes, event.data.id, { kind: 'committed', flushed: event.data.flushed });
    case 'VolumeFlushed':
      return flush(volumes, event.data.id);
    case 'SnapshotUpdated':
    case 'CommitUndone':
    case 'UsageMeasured':
      return touch(volumes, event.data.id);
    case 'SnapshotRemoved': {
      const { retained, ...snapshot } = event.data;
      return retained
        ? retain(volumes, snapshot, { since: position, removed: time, elapsed })
        : toPurge(withdraw(volumes, snapshot), snapshot.id, { since: position, why: 'removed' });
    }
    case 'SnapshotRestored':
      return restore(volumes, event.data.id);
    case 'RetentionEnded':
      return endRetention(volumes, event.data.id, { since: position, why: event.data.why });
    case 'PrepareUndone':
      return toPurge(volumes, event.data.id, { since: position, why: 'prepare undone' });
    case 'VolumePurged':
      return { ...volumes, pendingPurge: volumes.pendingPurge.delete(event.data.id) };
    case 'VolumeLost':
      return { ...volumes, wanted: volumes.wanted.delete(event.data.id) };
    default:
      return volumes;
  }
}

function want(volumes: Volumes, id: number, wanted: Wanted): Volumes {
  return { ...volumes, wanted: volumes.wanted.set(id, wanted) };
}

function touch(volumes: Volumes, id: number, change: Partial<Wanted> = {}): Volumes {
  const volume = volumes.wanted.get(id);
  return volume === undefined ? volumes : want(volumes, id, { ...volume, ...change, touched: true });
}

function flush(volumes: Volumes, id: number): Volumes {
  const retained = volumes.retained.get(id);
  return retained === undefined
    ? touch(volumes, id, { flushed: true })
    : { ...volumes, retained: volumes.retained.set(id, { ...retained, flushed: true }) };
}

function toPurge(volumes: Volumes, id: number, pending: PendingPurge): Volumes {
  return { ...volumes, wanted: volumes.wanted.delete(id), pendingPurge: volumes.pendingPurge.set(id, pending) };
}

function retain(
  volumes: Volumes,
  snapshot: Snapshot,
  removal: Pick<Retained, 'since' | 'removed' | 'elapsed'>,
): Volumes {
  const { id } = snapshot;
  const { prepared = 0, flushed = false } = volumes.wanted.get(id) ?? {};
  return {
    ...volumes,
    wanted: volumes.wanted.delete(id),
    retained: volumes.retained.set(id, { snapshot, ...removal, prepared, flushed }),
    adoptable: volumes.adoptable.set(adoptionKeyOf(snapshot), id),
  };
}

function restore(volumes: Volumes, id: number): Volumes {
  const { prepared = 0, flushed = false } = volumes.retained.get(id) ?? {};
  const living = want(volumes, id, { kind: 'committed', prepared, touched: true, flushed });
  return { ...living, retained: volumes.retained.delete(id) };
}

function endRetention(volumes: Volumes, id: number, pending: PendingPurge): Volumes {
  const retained = volumes.retained.get(id);
  if (retained === undefined) return volumes;
  return toPurge(withdraw({ ...volumes, retained: volumes.retained.delete(id) }, retained.snapshot), id, pending);
}

/** Another layer may have become the candidate meanwhile. */
function withdraw(volumes: Volumes, snapshot: Snapshot): Volumes {
  if (volumes.adoptable.size === 0 || snapshot.kind !== 'committed') return volumes;
  const key = adoptionKeyOf(snapshot);
  return volumes.adoptable.get(key) === snapshot.id
    ? { ...volumes, adoptable: volumes.adoptable.delete(key) }
    : volumes;
}
