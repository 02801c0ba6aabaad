import type { EmptyLayer, Kind, Labels } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import type { EventOf } from '../events/registry.ts';
import type { Mutable, ReadableMap } from './latest/overlay-map.ts';
import { adoptionKeysOf, diffIdOf, type Snapshot } from './snapshot.ts';
import type { StoreInfo } from './store-info.ts';

/** A volume that the disk must hold. */
export interface Wanted {
  readonly kind: Kind;
  /** position of its SnapshotPrepared or SnapshotTakenOver */
  readonly prepared: number;
  /** A later event names it: its prepare was answered, so a client may have written into it. */
  readonly touched: boolean;
  /** Committed, and its data is known to be on stable storage. */
  readonly flushed: boolean;
  /** digest of the uncompressed layer, as labelled by its commit, else before that; null if unknown */
  readonly diffId: string | null;
  /** prepared without a parent: what was unpacked into it depends on no other layer */
  readonly parentless: boolean;
}

/** A volume that must be deleted from the disk. */
interface PendingPurge {
  /** position of the event that made it pending purge */
  readonly since: number;
  readonly why: string;
}

/** The volume of a removed layer that is kept, so that the layer can be restored. */
export interface Retained {
  /** as it was removed */
  readonly snapshot: Snapshot;
  /** position of its removal */
  readonly since: number;
  /** time of its removal, nanoseconds since 1970 UTC: for people, since the clock may have been wrong */
  readonly removed: bigint;
  /** `elapsed` of the store at its removal, from which its age is counted */
  readonly elapsed: number;
  /** position of its SnapshotPrepared */
  readonly prepared: number;
  /** its data is known to be on stable storage */
  readonly flushed: boolean;
  /** as in Wanted */
  readonly diffId: string | null;
  readonly parentless: boolean;
}

export interface Volumes {
  readonly wanted: ReadableMap<number, Wanted>;
  readonly pendingPurge: ReadableMap<number, PendingPurge>;
  readonly retained: ReadableMap<number, Retained>;
  /** adoption candidates by `adoptionKeysOf`: the newest layer that is or was retained, while it exists or is retained */
  readonly adoptable: ReadableMap<string, number>;
  /** committed layers, existing and retained, that held nothing when they were committed */
  readonly empty: ReadableMap<number, EmptyLayer>;
}

/** The diff id of an existing or retained layer, null if unknown. */
export const diffIdWith = ({ wanted, retained }: Volumes, id: number): string | null =>
  (wanted.get(id) ?? retained.get(id))?.diffId ?? null;

export type MutableVolumes = { readonly [M in keyof Volumes]: Mutable<Volumes[M]> };

/** `elapsed` is that of the store after the event. */
export function evolveVolumes(
  volumes: MutableVolumes,
  { event, position, time }: Envelope,
  { elapsed }: Pick<StoreInfo, 'elapsed'>,
): void {
  const { wanted, pendingPurge, retained, empty } = volumes;
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { id, kind, parentId, labels } = event.data;
      const content = { diffId: diffIdOf(labels), parentless: parentId === null };
      wanted.set(id, { kind, prepared: position, touched: false, flushed: false, ...content });
      break;
    }
    case 'SnapshotTakenOver': {
      const { id, kind, parentId, labels } = event.data;
      const content = { diffId: diffIdOf(labels), parentless: parentId === null };
      wanted.set(id, { kind, prepared: position, touched: true, flushed: kind === 'committed', ...content });
      break;
    }
    case 'SnapshotCommitted':
      touch(volumes, event.data.id, {
        kind: 'committed',
        flushed: event.data.flushed,
        ...labelled(event.data.labels),
      });
      if (event.data.empty !== undefined) empty.set(event.data.id, event.data.empty);
      break;
    case 'VolumeFlushed': {
      const layer = retained.get(event.data.id);
      if (layer === undefined) touch(volumes, event.data.id, { flushed: true });
      else retained.set(event.data.id, { ...layer, flushed: true });
      break;
    }
    case 'SnapshotUpdated':
    case 'CommitUndone':
    case 'UsageMeasured':
      touch(volumes, event.data.id);
      break;
    case 'SnapshotRemoved': {
      const { retained: kept, ...snapshot } = event.data;
      if (kept) retain(volumes, snapshot, { since: position, removed: time, elapsed });
      else purge(volumes, snapshot, { since: position, why: 'removed' });
      break;
    }
    case 'SnapshotRestored':
      restore(volumes, event);
      break;
    case 'RetentionEnded': {
      const layer = retained.get(event.data.id);
      if (layer !== undefined) purge(volumes, layer.snapshot, { since: position, why: event.data.why });
      break;
    }
    case 'PrepareUndone':
      wanted.delete(event.data.id);
      pendingPurge.set(event.data.id, { since: position, why: 'prepare undone' });
      break;
    case 'VolumePurged':
      pendingPurge.delete(event.data.id);
      break;
    case 'VolumeLost':
      wanted.delete(event.data.id);
      empty.delete(event.data.id);
      break;
    case 'StoreImported':
      // Another driver keeps another form of a layer, and an import is on stable storage.
      for (const id of [...empty.keys()]) empty.delete(id);
      break;
    default:
  }
}

function touch({ wanted }: MutableVolumes, id: number, change: Partial<Wanted> = {}): void {
  const volume = wanted.get(id);
  if (volume !== undefined) wanted.set(id, { ...volume, ...change, touched: true });
}

/** A commit's labels replace those before it; the content stays what it was labelled with. */
function labelled(labels: Labels): Partial<Wanted> {
  const diffId = diffIdOf(labels);
  return diffId === null ? {} : { diffId };
}

function retain(
  { wanted, retained, adoptable }: MutableVolumes,
  snapshot: Snapshot,
  removal: Pick<Retained, 'since' | 'removed' | 'elapsed'>,
): void {
  const { id } = snapshot;
  const { prepared = 0, flushed = false, diffId = null, parentless = false } = wanted.get(id) ?? {};
  wanted.delete(id);
  retained.set(id, { snapshot, ...removal, prepared, flushed, diffId, parentless });
  for (const key of adoptionKeysOf(snapshot, diffId)) adoptable.set(key, id);
}

/** It may return under another parent or layer's name: that is what it can be adopted for then. */
function restore(volumes: MutableVolumes, { data: { why: _, ...data } }: EventOf<'SnapshotRestored'>): void {
  const { wanted, retained, adoptable } = volumes;
  const layer = retained.get(data.id);
  const { prepared = 0, flushed = false, diffId = null, parentless = false } = layer ?? {};
  if (layer !== undefined) withdraw(adoptable, layer.snapshot, diffId);
  retained.delete(data.id);
  wanted.set(data.id, { kind: 'committed', prepared, touched: true, flushed, diffId, parentless });
  for (const key of adoptionKeysOf(data, diffId)) adoptable.set(key, data.id);
}

function purge(
  { wanted, pendingPurge, retained, adoptable, empty }: MutableVolumes,
  snapshot: Snapshot,
  pending: PendingPurge,
): void {
  const { id, kind } = snapshot;
  const { diffId = null } = wanted.get(id) ?? retained.get(id) ?? {};
  wanted.delete(id);
  retained.delete(id);
  empty.delete(id);
  pendingPurge.set(id, pending);
  if (adoptable.size === 0 || kind !== 'committed') return;
  withdraw(adoptable, snapshot, diffId);
}

/** Another layer may have become the candidate meanwhile. */
function withdraw(adoptable: MutableVolumes['adoptable'], snapshot: Snapshot, diffId: string | null): void {
  for (const key of adoptionKeysOf(snapshot, diffId)) if (adoptable.get(key) === snapshot.id) adoptable.delete(key);
}
