import * as either from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import * as observed from './observed-events.ts';
import { quickDecoder } from './quick-decoder.ts';
import * as retention from './retention-events.ts';
import * as snapshot from './snapshot-events.ts';
import * as store from './store-events.ts';
import * as undo from './undo-events.ts';
import * as volume from './volume-events.ts';

/** One shipped version of an event: its codec, and how its value becomes the next version's (the newest has no step). */
export interface Version {
  readonly codec: t.Mixed;
  readonly upcast?: (older: never) => unknown;
}

/** The only list of all events: each with every version that ever shipped, oldest first. */
export const versions = {
  StoreCreated: [{ codec: store.StoreCreatedV1 }],
  StoreOpened: [{ codec: store.StoreOpenedV1 }],
  StoreClosed: [{ codec: store.StoreClosedV1 }],
  StoreImported: [{ codec: store.StoreImportedV1 }],
  LogRepaired: [{ codec: store.LogRepairedV1 }],
  SnapshotPrepared: [{ codec: snapshot.SnapshotPreparedV1 }],
  SnapshotCommitted: [
    { codec: snapshot.SnapshotCommittedV1, upcast: snapshot.liftCommitted },
    { codec: snapshot.SnapshotCommittedV2 },
  ],
  SnapshotRemoved: [
    { codec: snapshot.SnapshotRemovedV1, upcast: snapshot.liftRemoved },
    { codec: snapshot.SnapshotRemovedV2 },
  ],
  SnapshotRestored: [{ codec: retention.SnapshotRestoredV1 }],
  RetentionEnded: [{ codec: retention.RetentionEndedV1 }],
  ContainerdObserved: [{ codec: observed.ContainerdObservedV1 }],
  ContainerdWatchChanged: [{ codec: observed.ContainerdWatchChangedV1 }],
  SnapshotUpdated: [{ codec: snapshot.SnapshotUpdatedV1 }],
  PrepareUndone: [{ codec: undo.PrepareUndoneV1 }],
  CommitUndone: [{ codec: undo.CommitUndoneV1 }],
  UsageMeasured: [{ codec: volume.UsageMeasuredV1 }],
  VolumeFlushed: [{ codec: volume.VolumeFlushedV1 }],
  VolumePurged: [{ codec: volume.VolumePurgedV1 }],
  VolumeRemade: [{ codec: volume.VolumeRemadeV1 }],
  VolumeLost: [{ codec: volume.VolumeLostV1 }],
  OrphanQuarantined: [{ codec: volume.OrphanQuarantinedV1 }],
  OrphanPurged: [{ codec: volume.OrphanPurgedV1 }],
} as const;

interface Facts {
  StoreCreated: store.StoreCreated;
  StoreOpened: store.StoreOpened;
  StoreClosed: store.StoreClosed;
  StoreImported: store.StoreImported;
  LogRepaired: store.LogRepaired;
  SnapshotPrepared: snapshot.SnapshotPrepared;
  SnapshotCommitted: snapshot.SnapshotCommitted;
  SnapshotRemoved: snapshot.SnapshotRemoved;
  SnapshotRestored: retention.SnapshotRestored;
  RetentionEnded: retention.RetentionEnded;
  ContainerdObserved: observed.ContainerdObserved;
  ContainerdWatchChanged: observed.ContainerdWatchChanged;
  SnapshotUpdated: snapshot.SnapshotUpdated;
  PrepareUndone: undo.PrepareUndone;
  CommitUndone: undo.CommitUndone;
  UsageMeasured: volume.UsageMeasured;
  VolumeFlushed: volume.VolumeFlushed;
  VolumePurged: volume.VolumePurged;
  VolumeRemade: volume.VolumeRemade;
  VolumeLost: volume.VolumeLost;
  OrphanQuarantined: volume.OrphanQuarantined;
  OrphanPurged: volume.OrphanPurged;
}

export type EventType = keyof typeof versions;

/** A fact in its newest version, as the program knows it. */
export type Event = { [T in EventType]: { readonly type: T; readonly data: Facts[T] } }[EventType];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** A fact as it stands in a log: the type with its version, the data as plain JSON. */
export interface WireEvent {
  readonly type: string;
  readonly data: unknown;
}

/** Turns facts into wire form and back. Decoding takes every version that ever shipped and lifts it to the newest. */
export interface Registry<E> {
  encode(event: E): WireEvent;
  decode(wire: WireEvent): either.Either<string, E>;
}

export function createRegistry<E extends { readonly type: string; readonly data: unknown }>(
  all: Readonly<Record<string, readonly Version[]>>,
): Registry<E> {
  const readers = new Map<string, (data: unknown) => either.Either<string, E>>();
  const writers = new Map<string, { wire: string; codec: Version['codec'] }>();
  for (const [type, shipped] of Object.entries(all)) {
    shipped.forEach((version, index) => {
      const later = shipped.slice(index);
      const decode = quickDecoder(version.codec);
      const newest = later.length === 1;
      readers.set(`${type}.v${index + 1}`, (data) => {
        const decoded = decode(data);
        if (either.isLeft(decoded)) return decoded;
        return either.right({ type, data: newest ? decoded.right : lift(decoded.right, later) } as unknown as E);
      });
      writers.set(type, { wire: `${type}.v${index + 1}`, codec: version.codec });
    });
  }
  return {
    encode: (event) => {
      const writer = writers.get(event.type);
      if (writer === undefined) throw new TypeError(`event type ${event.type} is not in the registry`);
      return { type: writer.wire, data: writer.codec.encode(event.data) };
    },
    decode: (wire) => {
      const reader = readers.get(wire.type);
      if (reader === undefined)
        return either.left(`type: expected an event of this or an older release, found ${JSON.stringify(wire.type)}`);
      const event = reader(wire.data);
      return either.isLeft(event) ? either.left(`${wire.type}: ${event.left}`) : event;
    },
  };
}

function lift(data: unknown, from: readonly Version[]): unknown {
  return from.reduce((value, version) => (version.upcast === undefined ? value : version.upcast(value as never)), data);
}

/** The registry of this release. */
export const registry: Registry<Event> = createRegistry<Event>(versions);
