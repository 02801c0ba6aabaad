import * as t from 'io-ts';
import { Decimal } from './codecs.ts';

/** Position 1 of every log: which store this is, for ever. */
export const StoreCreatedV1 = t.type({ store: t.string, driver: t.string, version: t.string }, 'StoreCreated.v1');
export type StoreCreated = t.TypeOf<typeof StoreCreatedV1>;

/**
 * A directory that is the root of a store: `id` is derived from machine, path and inode, so a copy has another one; host
 * and path are for people.
 */
export const RootV1 = t.type({ id: t.string, host: t.string, path: t.string }, 'Root.v1');
export type Root = t.TypeOf<typeof RootV1>;

/**
 * A daemon took the store into service. `clean` is false where no closing stood before it: a crash, or a power cut if
 * `boot` (the kernel's boot id) differs from the opening before. `found` counts recovery's actions by name. `root` is the root
 * that it serves, `replaces` the one that had the store before, where that is another.
 */
export const StoreOpenedV1 = t.type(
  {
    store: t.string,
    driver: t.string,
    version: t.string,
    boot: t.string,
    pid: Decimal,
    clean: t.boolean,
    replayed: Decimal,
    found: t.record(t.string, Decimal),
    root: RootV1,
    replaces: t.union([RootV1, t.null]),
  },
  'StoreOpened.v1',
);
export type StoreOpened = t.TypeOf<typeof StoreOpenedV1>;

/**
 * What is about the log itself: damage was found in it, and a repair made it whole again. `mended` lost nothing,
 * `bridged` left the positions from `first` to `last` out and took the state after them from a checkpoint, `cut` ended
 * the log before them; their positions are then given anew. No number of a snapshot up to `lastId` is given again.
 */
export const LogRepairedV1 = t.type(
  {
    /** name of the damaged file, byte of the damage in it, and what was wrong there */
    file: t.string,
    offset: Decimal,
    what: t.string,
    done: t.keyof({ mended: null, bridged: null, cut: null }, 'RepairDone'),
    first: Decimal,
    last: Decimal,
    /** how many of these events can still be read in what was kept aside, and how many nobody knows */
    readable: Decimal,
    unreadable: Decimal,
    /** where the damaged originals are, relative to the root */
    kept: t.string,
    lastId: Decimal,
  },
  'LogRepaired.v1',
);
export type LogRepaired = t.TypeOf<typeof LogRepairedV1>;

/**
 * The store was made of an export: of the log up to `position`, and of its layers too where `volumes`. `from` is the driver
 * that it had, `driver` the one that it has since.
 */
export const StoreImportedV1 = t.type(
  { from: t.string, driver: t.string, position: Decimal, volumes: t.boolean },
  'StoreImported.v1',
);
export type StoreImported = t.TypeOf<typeof StoreImportedV1>;

/** A daemon left the store in order. */
export const StoreClosedV1 = t.type({ reason: t.string }, 'StoreClosed.v1');
export type StoreClosed = t.TypeOf<typeof StoreClosedV1>;
