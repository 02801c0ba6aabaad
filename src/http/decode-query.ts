import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../events/codecs.ts';
import { nearest } from '../config/nearest.ts';

/** The parameters of a request by a route's codec, or what is wrong with them: which one, and what was expected. */
export function decodeQuery<P extends t.Props>(
  codec: t.PartialC<P>,
  query: URLSearchParams,
): either.Either<string, t.TypeOf<t.PartialC<P>>> {
  const given = Object.fromEntries(query);
  const known = Object.keys(codec.props);
  for (const name of query.keys()) {
    if (!known.includes(name)) return either.left(unknownParameter(name, known));
    if (query.getAll(name).length > 1) return either.left(`${name}: is given more than once`);
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

/** A parameter that is on or off. */
export const Switch = new t.Type<boolean, string, unknown>(
  '1 or 0',
  (u): u is boolean => typeof u === 'boolean',
  (u, context) => (u === '1' || u === '0' ? t.success(u === '1') : t.failure(u, context, '1 or 0')),
  (on) => (on ? '1' : '0'),
);
