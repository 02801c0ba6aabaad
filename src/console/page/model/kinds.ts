import type { EventType } from '../../../../events/registry.ts';

/** What events are about, in the order in which charts stack them; the last ones are incidents. */
export const groups = ['prepared', 'committed', 'removed', 'background', 'containerd', 'store', 'incident'] as const;
export type Group = (typeof groups)[number];

/** The compiler reports a type of event that is missing. */
const groupOfType: Readonly<Record<EventType, Group>> = {
  SnapshotPrepared: 'prepared',
  SnapshotTakenOver: 'prepared',
  SnapshotRestored: 'prepared',
  SnapshotCommitted: 'committed',
  SnapshotUpdated: 'committed',
  SnapshotRemoved: 'removed',
  RetentionEnded: 'removed',
  VolumePurged: 'removed',
  UsageMeasured: 'background',
  VolumeFlushed: 'background',
  VolumeRecreated: 'background',
  OrphanPurged: 'background',
  ContainerdObserved: 'containerd',
  ContainerdWatchChanged: 'containerd',
  StoreCreated: 'store',
  StoreOpened: 'store',
  StoreClosed: 'store',
  StoreImported: 'store',
  StoreTakenOver: 'store',
  VolumeLost: 'incident',
  OrphanQuarantined: 'incident',
  PrepareUndone: 'incident',
  CommitUndone: 'incident',
  LogRepaired: 'incident',
};

export const eventTypes = Object.keys(groupOfType).sort() as readonly EventType[];
export const incidentTypes = eventTypes.filter((type) => groupOfType[type] === 'incident');
const isType = (type: string): type is EventType => Object.hasOwn(groupOfType, type);

/** A type of a newer release belongs to the store. */
export const groupOf = (type: string): Group => (isType(type) ? groupOfType[type] : 'store');
