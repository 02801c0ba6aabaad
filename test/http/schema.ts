import type { Schema } from '../../src/http/json-schema.ts';

/** The parts of a value that do not match a schema, with their paths; properties that the schema does not name do not match. */
export function misfits(
  value: unknown,
  schema: Schema,
  all: Readonly<Record<string, Schema>>,
  way = '$',
): readonly string[] {
  if (schema.$ref !== undefined) {
    const named = all[schema.$ref.split('/').at(-1) ?? ''];
    return named === undefined ? [`${way}: ${schema.$ref} is not there`] : misfits(value, named, all, way);
  }
  if (schema.anyOf !== undefined)
    return schema.anyOf.some((one) => misfits(value, one, all, way).length === 0) ? [] : [`${way}: fits none of anyOf`];
  if (!isOf(value, schema.type)) return [`${way}: is no ${schema.type}`];
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${way}: ${String(value)} is not in the enum`];
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(String(value)))
    return [`${way}: does not match`];
  const { items, properties, additionalProperties, required = [] } = schema;
  if (items !== undefined)
    return (value as readonly unknown[]).flatMap((item, at) => misfits(item, items, all, `${way}[${at}]`));
  const given = value as Readonly<Record<string, unknown>>;
  if (additionalProperties !== undefined)
    return Object.entries(given).flatMap(([name, one]) => misfits(one, additionalProperties, all, `${way}.${name}`));
  if (properties === undefined) return [];
  return [
    ...required.filter((name) => !(name in given)).map((name) => `${way}.${name}: is missing`),
    ...Object.entries(given).flatMap(([name, one]) => {
      const property = properties[name];
      return property === undefined
        ? [`${way}.${name}: is not documented`]
        : misfits(one, property, all, `${way}.${name}`);
    }),
  ];
}

function isOf(value: unknown, type: string | undefined): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  return type === undefined || typeof value === type;
}
