import * as either from 'fp-ts/lib/Either.js';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import type { ClusterPosition, FleetItem, StoreHead } from '../../../../ports/fleet-source.ts';
import type { AllRecorded } from '../connect.ts';
import type { Stream } from '../stream.ts';
import { envelopeOf, follows, genesisHash, type Stored, storedOf } from '../wire.ts';
import { type AllStreams, streamPrefix } from './all-streams.ts';
import { historyAfter, holds } from './history.ts';

/** What a reader of `$all` has of each store. */
export interface FleetStores {
  /** Adds the items that an event leads to. False, and nothing is added, if the store's stream has to be read first. */
  take(event: AllRecorded, items: FleetItem[]): boolean;
  /** Reads the store's stream for an event that was not taken. Rejects with a Fault of the connection. */
  examine(event: AllRecorded): AsyncGenerator<readonly FleetItem[]>;
}

interface Head {
  position: number;
  chainHash: string;
  stopped: boolean;
  /** The stream was compared with the head since the reader has connected. */
  checked: boolean;
}

type Place = { readonly store: string; readonly at: ClusterPosition };

export function createFleetStores(
  { stream: streamOf }: Pick<AllStreams, 'stream'>,
  known: ReadonlyMap<string, StoreHead>,
): FleetStores {
  const heads = new Map<string, Head>();
  for (const [store, head] of known) heads.set(store, { ...head, checked: false });
  const begin = (store: string, first: number, chainHash: string): Head => {
    const head = { position: first - 1, chainHash, stopped: false, checked: true };
    heads.set(store, head);
    return head;
  };
  /** The whole stream, from the first event that is shown. */
  async function* whole(stream: Stream, place: Place, replaces: Fault | undefined): AsyncGenerator<FleetItem[]> {
    let head: Head | undefined;
    for await (const events of historyAfter(stream, place.store, undefined)) {
      const items: FleetItem[] = [];
      if (head === undefined) {
        const first = events[0]?.stored.position ?? 1;
        head = begin(place.store, first, genesisHash(place.store));
        items.push({ kind: 'starts', ...place, first, replaces });
      }
      for (const { stored, created } of events) items.push(itemOf(place, stored, created));
      advance(head, events.at(-1)?.stored);
      yield items;
    }
    if (head === undefined) throw gone(stream);
  }
  async function* rest(stream: Stream, place: Place, head: Head, revision: number): AsyncGenerator<FleetItem[]> {
    for await (const events of historyAfter(stream, place.store, { ...head })) {
      advance(head, events.at(-1)?.stored);
      yield events.map(({ stored, created }) => itemOf(place, stored, created));
    }
    if (head.position <= revision) throw gone(stream);
  }
  async function* replaced(stream: Stream, place: Place, head: Head): AsyncGenerator<FleetItem[]> {
    const fault = await firstBreak(stream, place.store);
    if (fault === undefined) yield* whole(stream, place, otherHistory(stream, head.position));
    else if (!head.stopped) throw fault;
  }
  async function* examine(stream: Stream, place: Place, event: AllRecorded): AsyncGenerator<FleetItem[]> {
    const head = heads.get(place.store);
    if (head === undefined) {
      yield* whole(stream, place, undefined);
      return;
    }
    const revision = Number(event.revision);
    head.checked = true;
    if (head.stopped || (await holds(stream, head)) === false) yield* replaced(stream, place, head);
    else if (revision > head.position) yield* rest(stream, place, head, revision);
    else if (revision === head.position) throw brokenEvent(stream, event);
  }
  return {
    take: (event, items) => {
      const store = event.streamId.slice(streamPrefix.length);
      const revision = Number(event.revision);
      let head = heads.get(store);
      if (head === undefined) {
        const stored = storedOf(event);
        if (revision > 0 || either.isLeft(stored) || !follows(stored.right, genesisHash(store))) return false;
        head = begin(store, 1, genesisHash(store));
        items.push({ kind: 'starts', store, at: event.position, first: 1, replaces: undefined });
      }
      if (head.stopped) return head.checked || (revision >= head.position && revision > 0);
      if (revision < head.position) return head.checked;
      if (revision > head.position) return false;
      const stored = storedOf(event);
      if (either.isLeft(stored) || !follows(stored.right, head.chainHash)) return false;
      items.push(itemOf({ store, at: event.position }, stored.right, event.created));
      advance(head, stored.right);
      return true;
    },
    examine: async function* (event) {
      const place = { store: event.streamId.slice(streamPrefix.length), at: event.position };
      const stream = streamOf(place.store);
      try {
        yield* examine(stream, place, event);
      } catch (error) {
        const fault = faultOf(error, stream.where);
        if (fault.code !== 'corrupt') throw fault;
        const items: FleetItem[] = [];
        if (!heads.has(place.store)) {
          begin(place.store, 1, genesisHash(place.store));
          items.push({ kind: 'starts', ...place, first: 1, replaces: undefined });
        }
        const head = heads.get(place.store);
        if (head !== undefined) head.stopped = true;
        yield [...items, { kind: 'stops', ...place, fault }];
      }
    },
  };
}

function advance(head: Head, last: Stored | undefined): void {
  if (last === undefined) return;
  head.position = last.position;
  head.chainHash = last.chainHash;
}

function itemOf({ store, at }: Place, stored: Stored, created: Date): FleetItem {
  const { chainHash, wire } = stored;
  const recorded = Math.floor(created.getTime() / 1000) * 1000;
  const envelope = envelopeOf(stored);
  return either.isRight(envelope)
    ? { kind: 'event', store, at, envelope: envelope.right, chainHash, recorded }
    : { kind: 'unknown', store, at, wire, chainHash, recorded };
}

/** Why a stream does not verify from its beginning to its end. */
async function firstBreak(stream: Stream, store: string): Promise<Fault | undefined> {
  try {
    let last = 0;
    for await (const events of historyAfter(stream, store, undefined)) last = events.at(-1)?.stored.position ?? last;
    return last > 0 ? undefined : gone(stream);
  } catch (error) {
    const fault = faultOf(error, stream.where);
    if (fault.code !== 'corrupt') throw fault;
    return fault;
  }
}

const gone = ({ where }: Stream) =>
  new Fault('corrupt', `${where}: the stream was deleted, or all of its events have expired`, {
    hint: 'restore the stream, or rebuild the index without it',
  });

const otherHistory = ({ where }: Stream, position: number) =>
  new Fault(
    'corrupt',
    `${where}: the stream holds another history than the one that was read up to position ${position}`,
    {
      hint: 'the node was rolled back, or the cluster was restored from an older backup: the new history is read from its beginning',
    },
  );

function brokenEvent({ where }: Stream, event: AllRecorded): Fault {
  const stored = storedOf(event);
  const what = either.isLeft(stored)
    ? `it does not belong to this store: ${stored.left}`
    : 'it was changed, or does not follow from the event before';
  return new Fault('corrupt', `${where}: position ${Number(event.revision) + 1}: ${event.type}: ${what}`, {
    hint: 'no other client may write into this stream or delete it: restore the stream from a backup',
  });
}
