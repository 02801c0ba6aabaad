import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type WireEnvelope } from '../../../../../events/envelope.ts';
import type {
  ClusterPosition,
  FleetEvent,
  FleetItem,
  HistoryStarts,
  StoreHead,
  StoreStops,
  UnknownEvent,
} from '../../../../ports/fleet-source.ts';
import { genesisHash, type Stored } from '../wire.ts';

/** The last event of a store that was delivered. */
export interface Head {
  position: number;
  chainHash: string;
  stopped: boolean;
  /** The store's stream was compared with the head since the reader has connected. */
  checked: boolean;
}

/** A store, and the event of `$all` that leads to an item. */
export interface Place {
  readonly store: string;
  readonly at: ClusterPosition;
}

/** By store. */
export type Heads = Map<string, Head>;

export function headsOf(known: ReadonlyMap<string, StoreHead>): Heads {
  const heads: Heads = new Map();
  for (const [store, head] of known) heads.set(store, { ...head, checked: false });
  return heads;
}

/** The head of a store before its first event. */
export function begin(heads: Heads, store: string, first: number): Head {
  const head = { position: first - 1, chainHash: genesisHash(store), stopped: false, checked: true };
  heads.set(store, head);
  return head;
}

export function advance(head: Head, { position, chainHash }: Stored): void {
  head.position = position;
  head.chainHash = chainHash;
}

/** A verified event as it is stored. */
export interface StoredItem extends Place {
  readonly kind: 'stored';
  readonly stored: Stored;
  /** as that of an event */
  readonly recorded: number;
}

/** An item whose event is not decoded. */
export type RawItem = StoredItem | HistoryStarts | StoreStops;

export const starts = (place: Place): HistoryStarts => ({ kind: 'starts', ...place, first: 1, replaces: undefined });

/** The item for a verified event. */
export function itemOf({ store, at }: Place, stored: Stored, created: Date): StoredItem {
  const recorded = Math.floor(created.getTime() / 1000) * 1000;
  return { kind: 'stored', store, at, stored, recorded };
}

export function decodedItem(item: RawItem): FleetItem {
  if (item.kind !== 'stored') return item;
  const { store, at, stored, recorded } = item;
  return eventItem({ store, at, chainHash: stored.chainHash, recorded }, stored.wire);
}

/** The item for a verified event whose JSON was parsed. */
export function eventItem(place: Omit<UnknownEvent, 'kind' | 'wire'>, wire: WireEnvelope): FleetEvent | UnknownEvent {
  const { store, at, chainHash, recorded } = place;
  const envelope = decodeEnvelope(wire);
  return either.isRight(envelope)
    ? { kind: 'event', store, at, envelope: envelope.right, chainHash, recorded }
    : { kind: 'unknown', store, at, wire, chainHash, recorded };
}
