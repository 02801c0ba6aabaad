import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../events/codecs.ts';
import { nearest } from '../config/nearest.ts';

/** The parameters of a request by a route's codec, or what is wrong with them: which one, and what was expected. */
export function decodeQuery<P extends t.Props>(
  codec: t.PartialC<P>,
  query: URLSearchParams,
): either.Either<string, t.TypeOf<t.PartialC<P>>> {
  const given: Record<string, unknown> = Object.fromEntries(query);
  const known = Object.keys(codec.props);
  for (const name of query.keys()) {
    if (!known.includes(name)) return either.left(unknownParameter(name, known));
    if (codec.props[name] instanceof ListType) given[name] = query.getAll(name);
    else if (query.getAll(name).length > 1) return either.left(`${name}: is given more than once`);
  }
  return decodeWith(codec, given);
}

function unknownParameter(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint =
    meant === undefined
      ? `there ${known.length === 0 ? 'are none' : `are ${known.join(', ')}`}`
      : `did you mean ${meant}?`;
  return `${name}: unknown parameter, ${hint}`;
}

/** A parameter that may be given again and again: it is decoded from all its values. */
export class ListType<A> extends t.Type<A, string, unknown> {}

/** Texts, each a value of its own. */
export const Texts = new ListType<readonly string[]>(
  'texts',
  t.readonlyArray(t.string).is,
  t.readonlyArray(t.string).validate,
  (texts) => texts.join(','),
);

/** A parameter that is on or off. */
export const Switch = new t.Type<boolean, string, unknown>(
  '1 or 0',
  (u): u is boolean => typeof u === 'boolean',
  (u, context) => (u === '1' || u === '0' ? t.success(u === '1') : t.failure(u, context, '1 or 0')),
  (on) => (on ? '1' : '0'),
);
