import * as t from 'io-ts';
import { Decimal, MaybeId } from './codecs.ts';

/** Events about what the disk holds. */
export const volumeEvents = {
  /** The snapshot's own bytes (allocated) and inodes, without its parents'. */
  UsageMeasured: t.type({ id: Decimal, bytes: Decimal, inodes: Decimal }, 'UsageMeasured.v1'),

  /** The data of a layer whose commit was recorded before its flush is now on stable storage. */
  VolumeFlushed: t.type({ id: Decimal }, 'VolumeFlushed.v1'),

  /** Nothing of the removed or undone snapshot is left on disk. */
  VolumePurged: t.type({ id: Decimal, why: t.string, bytes: Decimal }, 'VolumePurged.v1'),

  /** The volume of an active was missing, and no client can have written into it, or an empty layer was: it was created again. */
  VolumeRecreated: t.type({ id: Decimal, why: t.string }, 'VolumeRecreated.v1'),

  /** The snapshot's volume or its parent's is missing: the snapshot no longer exists. */
  VolumeLost: t.type({ id: Decimal, key: t.string, why: t.string }, 'VolumeLost.v1'),

  /** An entry that the log does not explain was moved to quarantine; `id` if its name is a snapshot's id. */
  OrphanQuarantined: t.type({ path: t.string, id: MaybeId, moved: t.string, why: t.string }, 'OrphanQuarantined.v1'),

  /** An entry that the log does not explain, and that no client can have written into, was deleted. */
  OrphanPurged: t.type({ path: t.string, id: MaybeId, why: t.string, bytes: Decimal }, 'OrphanPurged.v1'),
} as const;
