import * as t from 'io-ts';
import { Decimal } from './codecs.ts';

/** Position 1 of every log: which store this is, for ever. */
export const StoreCreatedV1 = t.type({ store: t.string, driver: t.string, version: t.string }, 'StoreCreated.v1');
export type StoreCreated = t.TypeOf<typeof StoreCreatedV1>;

/**
 * A daemon took the store into service. `clean` is false where no closing stood before it: a crash, or a power cut if
 * `boot` (the kernel's boot id) differs from the opening before. `found` counts recovery's actions by name.
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
  },
  'StoreOpened.v1',
);
export type StoreOpened = t.TypeOf<typeof StoreOpenedV1>;

/** A daemon left the store in order. */
export const StoreClosedV1 = t.type({ reason: t.string }, 'StoreClosed.v1');
export type StoreClosed = t.TypeOf<typeof StoreClosedV1>;
