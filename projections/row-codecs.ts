import * as t from 'io-ts';
import { Decimal, Kind, Labels, MaybeId, Nanoseconds, Whole } from '../events/codecs.ts';
import { Root } from '../events/store-events.ts';

const MaybeDecimal = t.union([Decimal, t.null]);

/** The store's life, the first row of all. */
export const StoreRow = t.type(
  {
    row: t.literal('store'),
    position: Decimal,
    id: t.string,
    driver: t.string,
    lastId: Decimal,
    opened: Decimal,
    boot: t.string,
    root: t.union([Root, t.null]),
    open: t.boolean,
    uptime: MaybeDecimal,
    elapsed: Decimal,
  },
  'StoreRow',
);

const Usage = t.union([t.type({ bytes: Decimal, inodes: Decimal }), t.null]);

const snapshotFields = {
  id: Decimal,
  key: t.string,
  kind: Kind,
  parent: t.string,
  parentId: MaybeId,
  labels: Labels,
  created: Nanoseconds,
  updated: Nanoseconds,
};

/** A living snapshot as releases before `SnapshotCells` wrote it: still read, since a base of a log may have it. */
export const SnapshotRow = t.type(
  {
    row: t.literal('snapshot'),
    ...snapshotFields,
    prepared: Decimal,
    touched: t.boolean,
    flushed: t.boolean,
    usage: Usage,
  },
  'SnapshotRow',
);

const orNull = <A, O>(codec: t.Type<A, O, unknown>) => t.union([t.null, codec]);

/**
 * A living snapshot as lists without names: of all that a start reads, most is of these.
 * - its number, its key or name, its kind;
 * - the parent's number; its name, null where that is the key of the living snapshot with this number, or where there is none;
 * - labels;
 * - when it was created; when updated, null where that is the same;
 * - position of its SnapshotPrepared, `touched` and `flushed` as in `Wanted`, own bytes and inodes as far as they were measured.
 */
export const SnapshotCells = t.tuple(
  [
    t.tuple([Whole, t.string, Kind]),
    t.tuple([orNull(Whole), orNull(t.string)]),
    Labels,
    t.tuple([Nanoseconds, orNull(Nanoseconds)]),
    t.tuple([Whole, t.boolean, t.boolean, orNull(Whole), orNull(Whole)]),
  ],
  'SnapshotCells',
);

/** A volume that waits for its purge. */
export const PendingPurgeRow = t.type(
  { row: t.literal('pendingPurge'), id: Decimal, since: Decimal, why: t.string },
  'PendingPurgeRow',
);

/** A removed layer that can be brought back. */
export const RetainedRow = t.type(
  {
    row: t.literal('retained'),
    ...snapshotFields,
    since: Decimal,
    removed: Nanoseconds,
    elapsed: Decimal,
    prepared: Decimal,
    flushed: t.boolean,
    usage: Usage,
  },
  'RetainedRow',
);

/** What a layer can be adopted for. */
export const AdoptableRow = t.type({ row: t.literal('adoptable'), key: t.string, id: Decimal }, 'AdoptableRow');
