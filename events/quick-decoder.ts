import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, decimalOf, decodeWith, MaybeId, Nanoseconds, nanosecondsOf, Whole } from './codecs.ts';

/** Decodes plain JSON as `decodeWith` does, several times as fast if nothing is wrong with it. */
export type QuickDecoder<A> = (input: unknown) => either.Either<string, A>;

/** The decoded value, or `unsure`: the codec itself then decides. */
type Quick = (input: unknown) => unknown;
const unsure = Symbol('unsure');

/**
 * The decoder is derived from the codec, so the two can't differ: what it does not know or accept is decoded, and explained,
 * by the codec. The input must be plain JSON, as `JSON.parse` returns it.
 */
export function quickDecoder<A>(codec: t.Type<A, unknown, unknown>): QuickDecoder<A> {
  const quick = quickOf(codec);
  return (input) => {
    const value = quick(input);
    return value === unsure ? decodeWith(codec, input) : either.right(value as A);
  };
}

const orUnsure = (value: unknown) => (value === undefined ? unsure : value);
const onlyIf =
  (fits: (input: unknown) => boolean): Quick =>
  (input) =>
    fits(input) ? input : unsure;

const leaves = new Map<t.Mixed, Quick>([
  [Decimal, (input) => orUnsure(decimalOf(input))],
  [MaybeId, (input) => (input === null ? null : orUnsure(decimalOf(input)))],
  [Nanoseconds, (input) => orUnsure(nanosecondsOf(input))],
  [Whole, onlyIf(Whole.is)],
  [t.string, onlyIf((input) => typeof input === 'string')],
  [t.boolean, onlyIf((input) => typeof input === 'boolean')],
  [t.null, onlyIf((input) => input === null)],
  [t.unknown, (input) => input],
]);

function quickOf(codec: t.Mixed): Quick {
  const leaf = leaves.get(codec);
  if (leaf !== undefined) return leaf;
  const fields = fieldsOf(codec);
  if (fields !== undefined) return quickRecord(fields);
  if (codec instanceof t.TupleType) {
    const cells = (codec.types as readonly t.Mixed[]).map(quickOf);
    return quickList(cells.length, (at) => cells[at]);
  }
  if (codec instanceof t.ArrayType) {
    const item = quickOf(codec.type as t.Mixed);
    return quickList(undefined, () => item);
  }
  if (codec instanceof t.ReadonlyType) return quickOf(codec.type as t.Mixed);
  if (codec instanceof t.DictionaryType && codec.domain === t.string && codec.codomain === t.string) return quickTexts;
  if (codec instanceof t.UnionType) return quickUnion((codec.types as readonly t.Mixed[]).map(quickOf));
  if (codec instanceof t.LiteralType) return onlyIf((input) => input === codec.value);
  if (codec instanceof t.KeyofType)
    return onlyIf((input) => typeof input === 'string' && Object.hasOwn(codec.keys, input));
  return () => unsure;
}

const isRecord = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

interface Field {
  readonly key: string;
  readonly quick: Quick;
  readonly optional: boolean;
}

/** The fields of a record, some of which may be optional; undefined for any other codec. */
function fieldsOf(codec: t.Mixed): readonly Field[] | undefined {
  if (codec instanceof t.InterfaceType || codec instanceof t.PartialType) {
    const optional = codec instanceof t.PartialType;
    return Object.entries(codec.props as t.Props).map(([key, one]) => ({ key, quick: quickOf(one), optional }));
  }
  if (!(codec instanceof t.IntersectionType)) return undefined;
  const parts = (codec.types as readonly t.Mixed[]).map(fieldsOf);
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

/** The input itself if decoding changes nothing of it, else a copy. */
function quickRecord(fields: readonly Field[]): Quick {
  return (input) => {
    if (!isRecord(input)) return unsure;
    let decoded: Record<string, unknown> | undefined;
    for (const { key, quick, optional } of fields) {
      const raw = input[key];
      if (optional && raw === undefined) continue;
      const value = quick(raw);
      if (value === unsure || value === undefined) return unsure;
      if (value === raw) continue;
      decoded ??= { ...input };
      decoded[key] = value;
    }
    return decoded ?? input;
  };
}

/** As quickRecord; of any length if `length` is undefined. */
function quickList(length: number | undefined, cellAt: (at: number) => Quick | undefined): Quick {
  return (input) => {
    if (!Array.isArray(input) || (length !== undefined && input.length !== length)) return unsure;
    let decoded: unknown[] | undefined;
    for (let at = 0; at < input.length; at++) {
      const raw: unknown = input[at];
      const value = cellAt(at)?.(raw);
      if (value === unsure || value === undefined) return unsure;
      if (value === raw) continue;
      decoded ??= input.slice();
      decoded[at] = value;
    }
    return decoded ?? input;
  };
}

function quickTexts(input: unknown): unknown {
  if (!isRecord(input)) return unsure;
  for (const key in input) if (typeof input[key] !== 'string') return unsure;
  return input;
}

function quickUnion(members: readonly Quick[]): Quick {
  return (input) => {
    for (const quick of members) {
      const value = quick(input);
      if (value !== unsure) return value;
    }
    return unsure;
  };
}
