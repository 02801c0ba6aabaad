import * as either from 'fp-ts/lib/Either.js';
import type { ClusterPosition, FleetItem, StoreHead } from '../../../../ports/fleet-source.ts';
import { envelopeOf, genesisHash, type Stored } from '../wire.ts';

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

export const starts = (place: Place): FleetItem => ({ kind: 'starts', ...place, first: 1, replaces: undefined });

/** The item for a verified event. */
export function itemOf({ store, at }: Place, stored: Stored, created: Date): FleetItem {
  const { chainHash, wire } = stored;
  const recorded = Math.floor(created.getTime() / 1000) * 1000;
  const envelope = envelopeOf(stored);
  return either.isRight(envelope)
    ? { kind: 'event', store, at, envelope: envelope.right, chainHash, recorded }
    : { kind: 'unknown', store, at, wire, chainHash, recorded };
}
