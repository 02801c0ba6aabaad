import * as t from 'io-ts';
import { nearest } from './nearest.ts';

/** The first key of an input that a table's codec does not know, as a sentence with the key that was likely meant. */
export function unknownKey(table: t.PartialType<t.Props>, input: unknown, path = ''): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  for (const [key, value] of Object.entries(input)) {
    const codec = Object.hasOwn(table.props, key) ? table.props[key] : undefined;
    if (codec === undefined) return described(`${path}${key}`, nearest(key, Object.keys(table.props)));
    const below = codec instanceof t.PartialType ? unknownKey(codec, value, `${path}${key}.`) : undefined;
    if (below !== undefined) return below;
  }
  return undefined;
}

const described = (path: string, meant: string | undefined) =>
  `${path}: unknown key${meant === undefined ? '' : `, did you mean ${meant}?`}`;
