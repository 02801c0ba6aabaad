import { chain, clusterId, genesisHash, linked } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import type { StoredEvent, Streams } from '../kurrent/streams.ts';
import type { Recorded } from './store-history.ts';

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

/** Writes histories of stores into the streams of a cluster, as forwarders do. */
export interface ClusterWriter {
  write(store: string, events: readonly Recorded[]): void;
}

export function createClusterWriter(streams: Streams): ClusterWriter {
  const chains = new Map<string, string>();
  return {
    write: (store, events) => {
      let before = chains.get(store) ?? genesisHash(store);
      const stored = events.map((one) => {
        const next = storedOf(one, before);
        before = next.chainHash;
        return next.event;
      });
      chains.set(store, before);
      streams.append(`snapledger-${store}`, stored, 'any');
    },
  };
}

function storedOf(one: Recorded, before: string): { readonly event: StoredEvent; readonly chainHash: string } {
  if (one.kind === 'event') {
    const [link] = linked([one.envelope], before);
    if (link === undefined) throw new TypeError('an event has one link');
    const { id, type, data, metadata } = link.proposal;
    return { event: eventOf({ id, type, data, metadata }), chainHash: link.chainHash };
  }
  const { id, time, type, meta, data } = one.wire;
  const chainHash = chain(before, JSON.stringify(one.wire));
  const own = { 'snapledger.id': id, 'snapledger.time': time, 'snapledger.chainHash': chainHash };
  return { event: eventOf({ id: clusterId(chainHash), type, data, metadata: { ...own, ...meta } }), chainHash };
}

const eventOf = ({
  data,
  metadata,
  ...event
}: Pick<StoredEvent, 'id' | 'type'> & { data: unknown; metadata: unknown }) => ({
  ...event,
  contentType: 'application/json',
  data: base64(data),
  metadata: base64(metadata),
});
