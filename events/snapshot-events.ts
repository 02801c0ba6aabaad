import * as t from 'io-ts';
import { Decimal, EmptyLayer, Kind, Labels, MaybeId, Nanoseconds, OpenKind } from './codecs.ts';

/** `parent` is a committed snapshot's name, empty for none. */
const parent = { parent: t.string, parentId: MaybeId };

/** All that is known of a snapshot. */
const complete = {
  id: Decimal,
  key: t.string,
  kind: Kind,
  ...parent,
  labels: Labels,
  created: Nanoseconds,
  updated: Nanoseconds,
};

const undone = {
  id: Decimal,
  key: t.string,
  /** the driver's name of the step that failed */
  step: t.string,
  error: t.string,
  /** what the failure left on disk */
  left: t.string,
  /** what was done about it */
  done: t.string,
};

/** Events about a snapshot. */
export const snapshotEvents = {
  /** Prepare (active) or View (view). */
  SnapshotPrepared: t.type(
    { id: Decimal, key: t.string, kind: OpenKind, ...parent, labels: Labels },
    'SnapshotPrepared.v1',
  ),

  /**
   * A snapshot that one of containerd's own snapshotters had made, with its own times. `usage` is what that had measured at the
   * commit, or what a copy of the layer in this root uses; null for an active or a view. Its data is on stable storage. A parent precedes its children.
   */
  SnapshotTakenOver: t.type(
    { ...complete, usage: t.union([t.type({ bytes: Decimal, inodes: Decimal }), t.null]) },
    'SnapshotTakenOver.v1',
  ),

  /** The disk refused a prepare, or recovery found it incomplete: the key is free again, the id is never used again. */
  PrepareUndone: t.type(undone, 'PrepareUndone.v1'),

  /**
   * The active `key` became the committed `name`; `labels` are those of the commit only. `flushed`: the layer's data was on
   * stable storage before this was recorded; else a VolumeFlushed follows. `empty`: the layer held nothing, so that it can be
   * created again, exactly so; `flushed` is true then.
   */
  SnapshotCommitted: t.intersection(
    [
      t.type({ id: Decimal, key: t.string, name: t.string, ...parent, labels: Labels, flushed: t.boolean }),
      t.partial({ empty: EmptyLayer }),
    ],
    'SnapshotCommitted.v1',
  ),

  /** A commit failed: the active `key` is unchanged, `name` is free. */
  CommitUndone: t.type({ ...undone, name: t.string }, 'CommitUndone.v1'),

  /**
   * Update: only the labels that changed. `before` and `after` have the same names; an empty value is no label, so `after`
   * is empty if a label was deleted, `before` if it was added. Both are `{}` if nothing changed: Updated is then set
   * to the event's time all the same.
   */
  SnapshotUpdated: t.type({ id: Decimal, key: t.string, before: Labels, after: Labels }, 'SnapshotUpdated.v1'),

  /**
   * The complete removed snapshot. `retained`: its volume stays on disk until a SnapshotRestored restores it or a
   * RetentionEnded ends that; else it is pending purge.
   */
  SnapshotRemoved: t.type({ ...complete, retained: t.boolean }, 'SnapshotRemoved.v1'),

  /** A retained layer was restored under its old name, with these labels. */
  SnapshotRestored: t.type(
    { id: Decimal, key: t.string, ...parent, labels: Labels, created: Nanoseconds, why: t.string },
    'SnapshotRestored.v1',
  ),

  /** A removed snapshot can no longer be restored: its volume is pending purge. */
  RetentionEnded: t.type({ id: Decimal, key: t.string, why: t.string }, 'RetentionEnded.v1'),
} as const;
