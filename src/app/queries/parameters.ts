import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { type EventType, eventCodecs } from '../../../events/registry.ts';
import { nearest } from '../../domain/nearest.ts';
import { parseTime, timeForms, wallClock } from '../audit/moment.ts';

/** Decodes a text, or fails with what is expected instead. */
const textCodec = <A>(expected: string, decode: (text: string) => A | undefined) =>
  new t.Type<A, unknown, unknown>(
    expected,
    (u): u is A => u !== undefined,
    (u, context) => {
      const value = typeof u === 'string' ? decode(u) : undefined;
      return value === undefined ? t.failure(u, context, expected) : t.success(value);
    },
    String,
  );

/** A text that is not empty. */
export const Text = textCodec('a text', (text) => (text === '' ? undefined : text));

/** `1` is true, `0` is false. */
export const Switch = textCodec('1 or 0', (text) => (text === '1' || text === '0' ? text === '1' : undefined));

/** One of a few words. */
export const Choice = <W extends string>(...words: readonly W[]) =>
  textCodec(words.join(', '), (text) => words.find((word) => word === text));

const maxPosition = 2n ** 63n - 1n;

/** A log position; one beyond 2^53 is the largest that can be counted to, since no log reaches it. */
export const Position = textCodec(`a position from 1 to ${maxPosition}`, (text) =>
  /^\d{1,20}$/.test(text) && BigInt(text) <= maxPosition
    ? Math.min(Number(text), Number.MAX_SAFE_INTEGER - 1)
    : undefined,
);

export const Count = textCodec('a whole number of at least 1', (text) =>
  /^[1-9]\d{0,15}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined,
);

/** Nanoseconds since 1970 UTC. */
export const Time = textCodec(`a time, as ${timeForms}`, (text) => {
  const time = parseTime(text, wallClock());
  return either.isRight(time) ? time.right : undefined;
});

const calendar = ['0001-01-01', '9999-12-31'].map((day) => BigInt(Date.parse(day)) * 1_000_000n);

/** The same, of years that databases and calendars have. */
export const CalendarTime = textCodec(`a time in the years 1 to 9999, as ${timeForms}`, (text) => {
  const time = parseTime(text, wallClock());
  const [first = 0n, last = 0n] = calendar;
  return either.isRight(time) && time.right >= first && time.right <= last ? time.right : undefined;
});

/** A parameter that can be repeated: it is decoded from all its texts. */
export class ListType<A> extends t.Type<A, unknown, unknown> {}

export const Texts = new ListType<readonly string[]>(
  'texts',
  t.readonlyArray(t.string).is,
  t.readonlyArray(t.string).validate,
  t.identity,
);

const isType = (name: string): name is EventType => Object.hasOwn(eventCodecs, name);

/** Names of events, comma-separated or repeated. */
export const Types = new ListType<readonly EventType[]>(
  'names of events',
  (u): u is readonly EventType[] => Array.isArray(u) && u.every(isType),
  (u, context) => {
    const names = Texts.is(u) ? u.flatMap((text) => text.split(',')) : [''];
    const wrong = names.find((name) => !isType(name));
    if (wrong === undefined) return t.success(names.filter(isType));
    const known = Object.keys(eventCodecs);
    const meant = nearest(wrong.replace(/\.v\d+$/, ''), known);
    return t.failure(wrong, context, `names of events (${meant ? `did you mean ${meant}?` : known.join(', ')})`);
  },
  t.identity,
);
