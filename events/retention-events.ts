import * as t from 'io-ts';
import { Decimal, Labels, MaybeId, Nanoseconds } from './codecs.ts';

/** A removed and retained layer lives again under its old name: whole, with the labels that it has from now on. */
export const SnapshotRestoredV1 = t.type(
  {
    id: Decimal,
    key: t.string,
    parent: t.string,
    parentId: MaybeId,
    labels: Labels,
    created: Nanoseconds,
    why: t.string,
  },
  'SnapshotRestored.v1',
);
export type SnapshotRestored = t.TypeOf<typeof SnapshotRestoredV1>;

/** A removed snapshot can't be brought back any more: its volume is to be purged. */
export const RetentionEndedV1 = t.type({ id: Decimal, key: t.string, why: t.string }, 'RetentionEnded.v1');
export type RetentionEnded = t.TypeOf<typeof RetentionEndedV1>;
