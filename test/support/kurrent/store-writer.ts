import type { Envelope } from '../../../events/envelope.ts';
import { chain, clusterId, genesisHash, linked } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import type { StoredEvent, Streams } from './streams.ts';

/** Writes a store's events into a stand-in of this process, as the event log does, but without a client. */
export interface StoreWriter {
  readonly stream: string;
  write(events: readonly Envelope[]): void;
  /** An event of another release, in its place of the chain. */
  writeUnknown(event: Envelope, type: string): void;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

export function createStoreWriter(streams: Streams, store: string): StoreWriter {
  const stream = `snapledger-${store}`;
  let chainHash = genesisHash(store);
  let position = 0;
  const append = (events: readonly StoredEvent[]) => {
    const answer = streams.append(stream, events, position === 0 ? 'none' : position - 1);
    if ('wrong' in answer) throw new TypeError(`${stream} ends at ${answer.wrong}, not ${position - 1}`);
    position += events.length;
  };
  return {
    stream,
    write: (events) => {
      const links = linked(events, chainHash);
      append(links.map(({ proposal }) => stored(proposal)));
      chainHash = links.at(-1)?.chainHash ?? chainHash;
    },
    writeUnknown: (event, type) => {
      const [link] = linked([event], chainHash);
      if (link === undefined) return;
      const { data, metadata } = link.proposal;
      const { 'snapledger.id': id, 'snapledger.time': time, 'snapledger.chainHash': _, ...meta } = metadata;
      chainHash = chain(chainHash, JSON.stringify({ position: String(event.position), id, time, type, meta, data }));
      append([
        stored({ id: clusterId(chainHash), type, data, metadata: { ...metadata, 'snapledger.chainHash': chainHash } }),
      ]);
    },
  };
}

const stored = ({ id, type, data, metadata }: { id: string; type: string; data: unknown; metadata: unknown }) => ({
  id,
  type,
  contentType: 'application/json',
  data: base64(data),
  metadata: base64(metadata),
});
