import * as either from 'fp-ts/lib/Either.js';
import * as json from 'fp-ts/lib/Json.js';
import * as t from 'io-ts';

const digits = /^(0|[1-9][0-9]*)$/;

/** The whole number in a decimal string, or undefined if it is none or above 2^53-1. */
export function decimalOf(input: unknown): number | undefined {
  if (typeof input !== 'string' || !digits.test(input)) return undefined;
  const n = Number(input);
  return Number.isSafeInteger(n) ? n : undefined;
}

/** The number in a decimal string, or undefined if it is none. */
export function nanosecondsOf(input: unknown): bigint | undefined {
  return typeof input === 'string' && digits.test(input) ? BigInt(input) : undefined;
}

/** A whole number from 0 to 2^53-1, a decimal string in JSON: readers in other languages then never round it. */
export const Decimal = new t.Type<number, string, unknown>(
  'Decimal',
  (u): u is number => Number.isSafeInteger(u) && (u as number) >= 0,
  (u, context) => {
    const n = decimalOf(u);
    if (n !== undefined) return t.success(n);
    const tooLarge = typeof u === 'string' && digits.test(u);
    return t.failure(u, context, tooLarge ? 'a decimal number up to 2^53-1' : 'a decimal number in a string');
  },
  String,
);

/** The same as a plain number: for JSON that only snapledger reads. */
export const Whole = new t.Type<number, number, unknown>(
  'Whole',
  Decimal.is,
  (u, context) => (Decimal.is(u) ? t.success(u) : t.failure(u, context, 'a whole number from 0 to 2^53-1')),
  t.identity,
);

export const orNull = <A, O>(codec: t.Type<A, O, unknown>) => t.union([t.null, codec]);

/** Nanoseconds since 1970 UTC, a decimal string in JSON. */
export const Nanoseconds = new t.Type<bigint, string, unknown>(
  'Nanoseconds',
  (u): u is bigint => typeof u === 'bigint',
  (u, context) => {
    const n = nanosecondsOf(u);
    return n === undefined ? t.failure(u, context, 'nanoseconds as a decimal string') : t.success(n);
  },
  String,
);

/** What a snapshot is: writable (`active`), a read-only view of a parent (`view`), or frozen and fit to be a parent. */
export const Kind = t.keyof({ active: null, view: null, committed: null }, 'Kind');
export type Kind = t.TypeOf<typeof Kind>;

/** The kinds that Prepare and View make. */
export const OpenKind = t.keyof({ active: null, view: null }, 'OpenKind');
export type OpenKind = t.TypeOf<typeof OpenKind>;

/** containerd's labels; an empty value is no label, and does not occur in those of a snapshot. */
export const Labels = t.readonly(t.record(t.string, t.string), 'Labels');
export type Labels = t.TypeOf<typeof Labels>;

/** A layer without entries, as it was committed: owner, permissions (the lower 12 bits) and modification time of its directory. */
export const EmptyLayer = t.type({ uid: Decimal, gid: Decimal, mode: Decimal, mtime: Nanoseconds }, 'EmptyLayer');
export type EmptyLayer = t.TypeOf<typeof EmptyLayer>;

/** A snapshot's id, or null if there is no parent. */
export const MaybeId = new t.Type<number | null, string | null, unknown>(
  'MaybeId',
  (u): u is number | null => u === null || Decimal.is(u),
  (u, context) => (u === null ? t.success(null) : Decimal.validate(u, context)),
  (id) => (id === null ? null : String(id)),
);

/** The first thing that is wrong with an input: the path to it, what was expected there and what was found. */
export function explain(errors: t.Errors): string {
  const [first] = errors;
  if (first === undefined) return 'not decodable';
  const path = first.context
    .map((entry) => entry.key)
    .filter((key) => key !== '')
    .join('.');
  const expected = first.message ?? first.context.at(-1)?.type.name ?? 'another value';
  return `${path === '' ? 'input' : path}: expected ${expected}, found ${shown(first.value)}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Decodes or says in one sentence why not. */
export function decodeWith<A>(codec: t.Decoder<unknown, A>, input: unknown): either.Either<string, A> {
  return either.mapLeft(explain)(codec.decode(input));
}

/** The same of JSON text. */
export function decodeText<A>(codec: t.Decoder<unknown, A>, text: string): either.Either<string, A> {
  return either.chain((input: unknown) => decodeWith(codec, input))(either.mapLeft(String)(json.parse(text)));
}
