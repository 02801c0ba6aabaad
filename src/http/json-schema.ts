import * as t from 'io-ts';
import { Decimal, MaybeId, Nanoseconds, Whole } from '../../events/codecs.ts';
import { WireType } from '../app/queries/query.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const digits: Schema = { type: 'string', pattern: '^-?[0-9]+$' };

/** Codecs whose JSON can't be derived. */
const known = new Map<t.Mixed, Schema>([
  [Decimal, digits],
  [Nanoseconds, digits],
  [MaybeId, { anyOf: [digits, { type: 'null' }] }],
  [Whole, { type: 'integer' }],
]);

/** Derives JSON Schemas from codecs. Objects with a name of their own become components, and are referred to. */
export function createSchemas() {
  const components: Record<string, Schema> = {};
  const schemaOf = (codec: t.Mixed): Schema => {
    const schema = known.get(codec) ?? derive(codec, schemaOf);
    if (schema.type !== 'object' || schema.properties === undefined || !/^[A-Z]\w*$/.test(codec.name)) return schema;
    components[codec.name] = schema;
    return { $ref: `#/components/schemas/${codec.name}` };
  };
  return { schemaOf, components };
}

function derive(codec: t.Mixed, schemaOf: (codec: t.Mixed) => Schema): Schema {
  if (codec instanceof WireType) return schemaOf(codec.wire);
  if (codec instanceof t.ExactType || codec instanceof t.ReadonlyType) return derive(codec.type, schemaOf);
  if (codec instanceof t.InterfaceType || codec instanceof t.PartialType) {
    const entries = Object.entries(codec.props as t.Props).map(([name, one]) => [name, schemaOf(one)] as const);
    const required = codec instanceof t.InterfaceType ? entries.map(([name]) => name) : [];
    return { type: 'object', properties: Object.fromEntries(entries), required };
  }
  if (codec instanceof t.IntersectionType) {
    const parts = (codec.types as readonly t.Mixed[]).map((one) => derive(one, schemaOf));
    return {
      type: 'object',
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
      required: parts.flatMap(({ required = [] }) => required),
    };
  }
  if (codec instanceof t.UnionType) return { anyOf: (codec.types as readonly t.Mixed[]).map(schemaOf) };
  if (codec instanceof t.ArrayType || codec instanceof t.ReadonlyArrayType)
    return { type: 'array', items: schemaOf(codec.type) };
  if (codec instanceof t.DictionaryType) return { type: 'object', additionalProperties: schemaOf(codec.codomain) };
  if (codec instanceof t.KeyofType) return { type: 'string', enum: Object.keys(codec.keys) };
  if (codec instanceof t.StringType) return { type: 'string' };
  if (codec instanceof t.NumberType) return { type: 'number' };
  if (codec instanceof t.LiteralType) return { enum: [codec.value] };
  if (codec instanceof t.BooleanType) return { type: 'boolean' };
  if (codec instanceof t.NullType) return { type: 'null' };
  if (codec instanceof t.AnyDictionaryType) return { type: 'object' };
  throw new TypeError(`no JSON Schema for ${codec.name}`);
}
