import { hash } from 'node:crypto';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../../../events/codecs.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, type WireEnvelope } from '../../../../events/envelope.ts';
import type { LogPosition } from '../../../ports/event-log.ts';
import type { Proposal, Recorded } from './connect.ts';

/** An event with its chain hash, ready to be sent. */
export interface Link {
  readonly proposal: Proposal;
  readonly position: number;
  readonly chainHash: string;
  /** of its JSON */
  readonly bytes: number;
}

/** A stored event as it was written, whatever release wrote it. */
export interface Stored {
  readonly position: number;
  readonly id: string;
  readonly chainHash: string;
  readonly wire: WireEnvelope;
  /** its JSON, of which the chain hash is */
  readonly body: string;
}

/** The cluster's own names for two keys of ours; its tools follow them. */
const theirs: Readonly<Record<string, string>> = { correlation: '$correlationId', causation: '$causationId' };
const ours: Readonly<Record<string, string>> = { $correlationId: 'correlation', $causationId: 'causation' };

/** Metadata keys for the fields of an envelope other than data and meta. */
const own = { id: 'snapledger.id', time: 'snapledger.time', chainHash: 'snapledger.chainHash' } as const;

/** Puts envelopes into the chain after `before`. */
export function linked(envelopes: readonly Envelope[], before: string): readonly Link[] {
  let chainHash = before;
  return envelopes.map((envelope) => {
    const wire = encodeEnvelope(envelope);
    const body = JSON.stringify(wire);
    chainHash = chain(chainHash, body);
    return {
      proposal: { id: clusterId(chainHash), type: wire.type, data: wire.data, metadata: metadataOf(wire, chainHash) },
      position: envelope.position,
      chainHash,
      bytes: Buffer.byteLength(body),
    };
  });
}

/** The log's end after links that follow `before`. */
export const endOf = (links: readonly Link[], before: LogPosition): LogPosition => {
  const last = links.at(-1);
  return last === undefined ? before : { position: last.position, chainHash: last.chainHash };
};

function metadataOf({ id, time, meta }: WireEnvelope, chainHash: string): Record<string, string> {
  const metadata: Record<string, string> = { [own.id]: id, [own.time]: time, [own.chainHash]: chainHash };
  for (const [key, value] of Object.entries(meta)) {
    if (key.startsWith('$')) throw new TypeError(`append: ${key}: names with a $ are reserved for the cluster`);
    metadata[theirs[key] ?? key] = value;
  }
  return metadata;
}

const Metadata = t.intersection(
  [t.record(t.string, t.string), t.type({ [own.id]: t.string, [own.time]: t.string, [own.chainHash]: t.string })],
  'Metadata',
);

/** The stored event, or why it is not one of ours. */
export function storedOf({ id, revision, type, data, metadata }: Recorded): either.Either<string, Stored> {
  const found = metadata as Readonly<Record<string, unknown>> | undefined;
  const meta: Record<string, string> = {};
  for (const key in found) {
    const value = found[key];
    if (typeof value !== 'string') return notOurs(metadata);
    if (!ownKeys.has(key)) meta[ours[key] ?? key] = value;
  }
  const { [own.id]: envelopeId, [own.time]: time, [own.chainHash]: chainHash } = found ?? {};
  if (typeof envelopeId !== 'string' || typeof time !== 'string' || typeof chainHash !== 'string')
    return notOurs(metadata);
  const position = Number(revision) + 1;
  const wire = { position: String(position), id: envelopeId, time, type, meta, data };
  return either.right({ position, id, chainHash, wire, body: JSON.stringify(wire) });
}

const ownKeys: ReadonlySet<string> = new Set(Object.values(own));

/** The explanation of the codec, which takes several times as long. */
function notOurs(metadata: unknown): either.Left<string> {
  const decoded = decodeWith(Metadata, metadata);
  return either.isLeft(decoded) ? decoded : { _tag: 'Left', left: 'its metadata is no JSON' };
}

/** Whether a stored event is as it was written, and follows from one with chain hash `before`. */
export function follows({ id, chainHash, body }: Stored, before: string): boolean {
  return chain(before, body) === chainHash && clusterId(chainHash) === id;
}

export const envelopeOf = ({ wire }: Stored): either.Either<string, Envelope> => decodeEnvelope(wire);

/** The chain hash at position 0 of a store's stream: different for every store. */
export function genesisHash(store: string): string {
  return hash('sha256', `snapledger.stream.v1 ${store}`);
}

/** The chain hash of an event whose JSON follows an event with chain hash `before`. */
export function chain(before: string, body: string): string {
  return hash('sha256', before + body);
}

/**
 * The id under which the cluster knows an event: the first half of its chain hash, as a UUID of version 8. It must depend on the
 * content and on the history: the cluster takes a second event with the same id at the same revision for a repetition
 * of the first and answers "written". Two writers of one store would both believe that their event is there.
 */
export function clusterId(chainHash: string): string {
  const variant = ((Number.parseInt(chainHash.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    chainHash.slice(0, 8),
    chainHash.slice(8, 12),
    `8${chainHash.slice(13, 16)}`,
    `${variant}${chainHash.slice(17, 20)}`,
    chainHash.slice(20, 32),
  ].join('-');
}
