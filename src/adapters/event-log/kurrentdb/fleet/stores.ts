import * as either from 'fp-ts/lib/Either.js';
import type { StoreHead } from '../../../../ports/fleet-source.ts';
import type { AllRecorded } from '../connect.ts';
import { follows, genesisHash, type Stored, storedOf } from '../wire.ts';
import { type AllStreams, streamPrefix } from './all-streams.ts';
import { examine } from './examine.ts';
import { advance, begin, headsOf, itemOf, type RawItem, starts } from './heads.ts';

/** What a reader of `$all` has of each store. */
export interface FleetStores {
  /** Adds the items that an event leads to. False, and nothing is added, if the store's stream has to be read first. */
  take(event: AllRecorded, add: (item: RawItem) => void): boolean;
  /** Reads the store's stream for an event that was not taken. Throws a Fault of the connection. */
  examine(event: AllRecorded): AsyncGenerator<readonly RawItem[]>;
}

export function createFleetStores(
  { stream }: Pick<AllStreams, 'stream'>,
  known: ReadonlyMap<string, StoreHead>,
): FleetStores {
  const heads = headsOf(known);
  const placeOf = ({ streamId, position }: AllRecorded) => ({
    store: streamId.slice(streamPrefix.length),
    at: position,
  });
  return {
    take: (event, add) => {
      const place = placeOf(event);
      const revision = Number(event.revision);
      let head = heads.get(place.store);
      if (head === undefined) {
        if (revision > 0 || following(event, genesisHash(place.store)) === undefined) return false;
        head = begin(heads, place.store, 1);
        add(starts(place));
      }
      if (head.stopped) return head.checked || (revision >= head.position && revision > 0);
      // Up to the head events are repetitions, if the stream still holds the head.
      if (revision < head.position) return head.checked;
      const stored = revision === head.position ? following(event, head.chainHash) : undefined;
      if (stored === undefined) return false;
      add(itemOf(place, stored, event.created));
      advance(head, stored);
      return true;
    },
    examine: (event) => {
      const place = placeOf(event);
      return examine({ heads, place, stream: stream(place.store) }, event);
    },
  };
}

/** The stored event if it is as it was written and follows from one with chain hash `before`. */
function following(event: AllRecorded, before: string): Stored | undefined {
  const stored = storedOf(event);
  return either.isRight(stored) && follows(stored.right, before) ? stored.right : undefined;
}
