import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type EventType, eventCodecs } from '../../../events/registry.ts';
import { nearest } from '../../config/nearest.ts';
import { ListType, Switch, Texts } from '../decode-query.ts';

const largest = 2n ** 63n - 1n;

/** A position as a decimal number; one that no log reaches is as good as the largest that can be counted to. */
export const Position = new t.Type<number, string, unknown>(
  `a position from 1 to ${largest}`,
  (u): u is number => Number.isSafeInteger(u),
  (u, context) =>
    typeof u === 'string' && /^\d{1,20}$/.test(u) && BigInt(u) <= largest
      ? t.success(Math.min(Number(u), Number.MAX_SAFE_INTEGER - 1))
      : t.failure(u, context, `a position from 1 to ${largest}`),
  String,
);

const isType = (name: string): name is EventType => Object.hasOwn(eventCodecs, name);

/** Names of events, separated by commas or given one by one. */
export const Types = new ListType<ReadonlySet<EventType>>(
  'names of events',
  (u): u is ReadonlySet<EventType> => u instanceof Set,
  (u, context) => {
    if (u instanceof Set) return t.success(u);
    const names = Texts.is(u) ? u.flatMap((text) => text.split(',')) : [''];
    const wrong = names.find((name) => !isType(name));
    return wrong === undefined
      ? t.success(new Set(names.filter(isType)))
      : t.failure(wrong, context, `names of events, separated by commas${suggestion(wrong)}`);
  },
  (types) => [...types].join(','),
);

function suggestion(wrong: string): string {
  const meant = nearest(wrong.replace(/\.v\d+$/, ''), Object.keys(eventCodecs));
  return meant === undefined ? ` (there are ${Object.keys(eventCodecs).join(', ')})` : ` (did you mean ${meant}?)`;
}

const Key = new t.Type<string, string, unknown>(
  'a key',
  t.string.is,
  (u, context) => (typeof u === 'string' && u !== '' ? t.success(u) : t.failure(u, context, 'a key or name')),
  t.identity,
);

export const EventsQuery = t.partial({ from: Position, types: Types, key: Key, follow: Switch });
export type EventsQuery = t.TypeOf<typeof EventsQuery>;

/** The position after the one that a reader says it has seen (Last-Event-ID), or what is wrong with that. */
export function afterLastEvent(id: string): either.Either<string, number> {
  return either.bimap(
    () => `Last-Event-ID: expected ${Position.name}, found ${JSON.stringify(id.slice(0, 40))}`,
    (position: number) => position + 1,
  )(Position.decode(id));
}
