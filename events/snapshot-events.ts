import * as t from 'io-ts';
import { Decimal, Kind, Labels, MaybeId, Nanoseconds, OpenKind } from './codecs.ts';

/** Prepare (active) and View (view). `parent` is a committed snapshot's name, empty for none. */
export const SnapshotPreparedV1 = t.type(
  { id: Decimal, key: t.string, kind: OpenKind, parent: t.string, parentId: MaybeId, labels: Labels },
  'SnapshotPrepared.v1',
);
export type SnapshotPrepared = t.TypeOf<typeof SnapshotPreparedV1>;

const committed = { id: Decimal, key: t.string, name: t.string, parent: t.string, parentId: MaybeId, labels: Labels };

/** Of the time when every commit was flushed before it was recorded. */
export const SnapshotCommittedV1 = t.type(committed, 'SnapshotCommitted.v1');

/**
 * The active `key` became the committed `name`; labels are those of the commit alone. `flushed`: the layer's data was on
 * stable storage before this was recorded; else a VolumeFlushed tells when it is.
 */
export const SnapshotCommittedV2 = t.type({ ...committed, flushed: t.boolean }, 'SnapshotCommitted.v2');
export type SnapshotCommitted = t.TypeOf<typeof SnapshotCommittedV2>;

export const liftCommitted = (older: t.TypeOf<typeof SnapshotCommittedV1>): SnapshotCommitted => ({
  ...older,
  flushed: true,
});

const removed = {
  id: Decimal,
  key: t.string,
  kind: Kind,
  parent: t.string,
  parentId: MaybeId,
  labels: Labels,
  created: Nanoseconds,
  updated: Nanoseconds,
};

/** Of the time when every removed snapshot's volume was purged at once. */
export const SnapshotRemovedV1 = t.type(removed, 'SnapshotRemoved.v1');

/**
 * The removed value whole, so that it can be brought back and blamed. `retained`: its volume stays on disk, until a
 * SnapshotRestored brings the snapshot back or a RetentionEnded gives the volume up; else it is to be purged.
 */
export const SnapshotRemovedV2 = t.type({ ...removed, retained: t.boolean }, 'SnapshotRemoved.v2');
export type SnapshotRemoved = t.TypeOf<typeof SnapshotRemovedV2>;

export const liftRemoved = (older: t.TypeOf<typeof SnapshotRemovedV1>): SnapshotRemoved => ({
  ...older,
  retained: false,
});

/**
 * Update: the labels that changed, and no others. `before` and `after` have the same names; an empty value is no label,
 * so `after` is empty where a label was deleted, `before` where it was added. Both are empty where nothing changed: the
 * snapshot's Updated is then the event's time all the same.
 */
export const SnapshotUpdatedV1 = t.type(
  { id: Decimal, key: t.string, before: Labels, after: Labels },
  'SnapshotUpdated.v1',
);
export type SnapshotUpdated = t.TypeOf<typeof SnapshotUpdatedV1>;
