import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, decodeWith, Nanoseconds, Whole } from '../../../events/codecs.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, Meta } from '../../../events/envelope.ts';
import type { LayerFiles } from '../../ports/layers.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import type { MountPlan } from '../../ports/volume-driver.ts';

/** A parameter of a query, and of any HTTP address. */
export interface Parameter {
  /** Decodes its text; a `ListType` decodes all its texts. */
  readonly codec: t.Mixed;
  readonly help: string;
  readonly required?: true;
  /** how the command takes it, in commander's syntax: `<key>`, `--at <moment>`; absent: over HTTP only */
  readonly cli?: string;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** Decoded parameters by name; undefined if not given. */
export type Values<P extends Parameters> = {
  readonly [N in keyof P]: t.TypeOf<P[N]['codec']> | (P[N] extends { readonly required: true } ? never : undefined);
};

/** The texts of parameters by name. */
export type Given = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Decodes parameters, or says which is wrong and what was expected. `label` is what a parameter is called in that message. */
export function decodeParameters<P extends Parameters>(
  parameters: P,
  given: Given,
  label: (name: string) => string = (name) => name,
): either.Either<string, Values<P>> {
  const values: Record<string, unknown> = {};
  for (const [name, { codec, required }] of Object.entries(parameters)) {
    const text = given[name];
    if (text === undefined && required === undefined) continue;
    const decoded = decodeWith(t.type({ [label(name)]: codec }), { [label(name)]: text });
    if (either.isLeft(decoded)) return decoded;
    values[name] = decoded.right[label(name)];
  }
  return either.right(values as Values<P>);
}

/** What queries read: a store's files, whether a daemon is running or not. */
export interface AuditSource {
  readonly files: StoreFiles;
  layers(driver: string): Promise<LayerFiles>;
  mounts(driver: string): Promise<MountPlan>;
}

/** How an answer becomes rows of plain JSON. */
export interface Answer<V> {
  /** one row a line with `--json`, an array over HTTP; otherwise one object */
  readonly list: boolean;
  readonly row: t.Mixed;
  encode(value: V): readonly unknown[];
}

/** A question to a source. Its command, HTTP address, OpenAPI document, completion and man page are made from it. */
export interface Query<S, P extends Parameters = Parameters, V = unknown> {
  /** its HTTP address, without the slash */
  readonly name: string;
  /** null: no command of its own */
  readonly command: string | null;
  readonly summary: string;
  readonly parameters: P;
  /** needs all history: the command notes on standard error which events are no longer in the log */
  readonly allHistory?: true;
  readonly answer: Answer<V>;
  run(source: S, values: Values<P>): Promise<V>;
}

/** Makes entries of the table of a source, typed by what they run; rows may hold more than their codec encodes, for tables. */
export const queryOf =
  <S>() =>
  <P extends Parameters, V>(
    entry: Omit<Query<S, P, V>, 'answer'> & { readonly answer: Answer<NoInfer<V>> },
  ): Query<S, P, V> =>
    entry;

export const object = <R>(row: t.Type<R, unknown>): Answer<R> => ({
  list: false,
  row,
  encode: (value) => [row.encode(value)],
});

export const list = <R>(row: t.Type<R, unknown>): Answer<readonly R[]> => ({
  list: true,
  row,
  encode: (rows) => rows.map((one) => row.encode(one)),
});

export const nullable = <C extends t.Mixed>(codec: C) => t.union([codec, t.null]);

/** A codec whose JSON another codec describes. */
export class WireType<A> extends t.Type<A, unknown, unknown> {
  readonly wire: t.Mixed;

  constructor(wire: t.Mixed, decode: (u: unknown) => either.Either<string, A>, encode: (a: A) => unknown) {
    const validate: t.Validate<unknown, A> = (u, context) => {
      const decoded = decode(u);
      return either.isRight(decoded) ? t.success(decoded.right) : t.failure(u, context, decoded.left);
    };
    super(wire.name, (u): u is A => typeof u === 'object', validate, encode);
    this.wire = wire;
  }
}

/** An event as in the log. */
export const EventRow = new WireType<Envelope>(
  t.strict(
    { position: Decimal, id: t.string, time: Nanoseconds, type: t.string, meta: Meta, data: t.UnknownRecord },
    'Event',
  ),
  decodeEnvelope,
  encodeEnvelope,
);

/** An action of the reconciler, as `POST /reconcile` answers it. */
export const ActionRow = t.intersection(
  [t.strict({ type: t.string, why: t.string }), t.partial({ id: Whole, path: t.string, key: t.string })],
  'Action',
);

/** A restored layer, as `POST /restore` answers it. */
export const RestoredRow = t.strict({ id: Whole, key: t.string }, 'Restored');
