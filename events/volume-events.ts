import * as t from 'io-ts';
import { Decimal, MaybeId } from './codecs.ts';

/** The snapshot's own bytes (allocated) and inodes, without its parents'. */
export const UsageMeasuredV1 = t.type({ id: Decimal, bytes: Decimal, inodes: Decimal }, 'UsageMeasured.v1');
export type UsageMeasured = t.TypeOf<typeof UsageMeasuredV1>;

/** The data of a layer whose commit was recorded before its flush is on stable storage now. */
export const VolumeFlushedV1 = t.type({ id: Decimal }, 'VolumeFlushed.v1');
export type VolumeFlushed = t.TypeOf<typeof VolumeFlushedV1>;

/** The disk holds nothing of the removed or undone snapshot any more. */
export const VolumePurgedV1 = t.type({ id: Decimal, why: t.string, bytes: Decimal }, 'VolumePurged.v1');
export type VolumePurged = t.TypeOf<typeof VolumePurgedV1>;

/** An active's volume was missing where nothing can have been written into it: it was made again, empty. */
export const VolumeRemadeV1 = t.type({ id: Decimal, why: t.string }, 'VolumeRemade.v1');
export type VolumeRemade = t.TypeOf<typeof VolumeRemadeV1>;

/** The snapshot's volume vanished, or its parent's did: the snapshot is gone from the index, and says so here. */
export const VolumeLostV1 = t.type({ id: Decimal, key: t.string, why: t.string }, 'VolumeLost.v1');
export type VolumeLost = t.TypeOf<typeof VolumeLostV1>;

/** Something that the log does not explain was moved aside; `id` where its name is a snapshot's number. */
export const OrphanQuarantinedV1 = t.type(
  { path: t.string, id: MaybeId, moved: t.string, why: t.string },
  'OrphanQuarantined.v1',
);
export type OrphanQuarantined = t.TypeOf<typeof OrphanQuarantinedV1>;

/** Something that the log does not explain, and that nobody can have written into, was deleted. */
export const OrphanPurgedV1 = t.type({ path: t.string, id: MaybeId, why: t.string, bytes: Decimal }, 'OrphanPurged.v1');
export type OrphanPurged = t.TypeOf<typeof OrphanPurgedV1>;
