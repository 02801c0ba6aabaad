import * as either from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { type QuickDecoder, quickDecoder } from './quick-decoder.ts';
import { snapshotEvents } from './snapshot-events.ts';
import { storeEvents } from './store-events.ts';
import { volumeEvents } from './volume-events.ts';

/** The only list of events. The name of a codec is the event's type with its version, as it is written to a log. */
export const eventCodecs = { ...storeEvents, ...snapshotEvents, ...volumeEvents } as const;

export type EventType = keyof typeof eventCodecs;

/** A fact, as the program knows it. */
export type Event = {
  [T in EventType]: { readonly type: T; readonly data: t.TypeOf<(typeof eventCodecs)[T]> };
}[EventType];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** A fact as it is written to a log: the type with its version, the data as plain JSON. */
interface WireEvent {
  readonly type: string;
  readonly data: unknown;
}

const decoders = new Map<string, { readonly type: string; readonly decode: QuickDecoder<unknown> }>(
  Object.entries<t.Mixed>(eventCodecs).map(([type, codec]) => [codec.name, { type, decode: quickDecoder(codec) }]),
);

export function encodeEvent({ type, data }: Event): WireEvent {
  const codec: t.Mixed | undefined = eventCodecs[type];
  if (codec === undefined) throw new TypeError(`event type ${type} is not in the registry`);
  return { type: codec.name, data: codec.encode(data) };
}

/** Decodes plain JSON, or says what is wrong and at which path. */
export function decodeEvent({ type, data }: WireEvent): either.Either<string, Event> {
  const known = decoders.get(type);
  if (known === undefined) return either.left(`type: expected an event of this release, found ${JSON.stringify(type)}`);
  const decoded = known.decode(data);
  return either.isLeft(decoded)
    ? either.left(`${type}: ${decoded.left}`)
    : either.right({ type: known.type, data: decoded.right } as Event);
}
