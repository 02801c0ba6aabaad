import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, Nanoseconds } from './codecs.ts';
import { quickDecoder } from './quick-decoder.ts';
import { decodeEvent, type Event, encodeEvent } from './registry.ts';

/**
 * The actor and the reason, as flat strings: `actor` ("containerd", "reconciler" or "operator"), and if known `namespace`,
 * `lease`, `trace` (W3C trace parent) and `peer`; `correlation` is the id of the event that began the work,
 * `causation` the id of the event that led to this one.
 */
export const Meta = t.readonly(t.record(t.string, t.string), 'Meta');
export type Meta = t.TypeOf<typeof Meta>;

/** One fact at its position: positions run without gap from 1, `id` is a UUIDv5 of store id and position. */
export interface Envelope<E extends Event = Event> {
  readonly position: number;
  readonly id: string;
  /** nanoseconds since 1970 UTC */
  readonly time: bigint;
  readonly meta: Meta;
  readonly event: E;
}

const Wire = t.type(
  { position: Decimal, id: t.string, time: Nanoseconds, type: t.string, meta: Meta, data: t.unknown },
  'Envelope',
);
const decodeWire = quickDecoder(Wire);

/** The envelope as plain JSON, 64-bit numbers as strings. */
export interface WireEnvelope {
  readonly position: string;
  readonly id: string;
  readonly time: string;
  readonly type: string;
  readonly meta: Meta;
  readonly data: unknown;
}

export function encodeEnvelope(envelope: Envelope): WireEnvelope {
  const { type, data } = encodeEvent(envelope.event);
  return {
    position: String(envelope.position),
    id: envelope.id,
    time: String(envelope.time),
    type,
    meta: envelope.meta,
    data,
  };
}

/** Decodes plain JSON, or says what is wrong and at which path. */
export function decodeEnvelope(input: unknown): either.Either<string, Envelope> {
  const wire = decodeWire(input);
  if (either.isLeft(wire)) return wire;
  const event = decodeEvent(wire.right);
  if (either.isLeft(event)) return event;
  const { position, id, time, meta } = wire.right;
  return either.right({ position, id, time, meta, event: event.right });
}
