import * as t from 'io-ts';
import { ListType } from '../../app/queries/parameters.ts';
import { version } from '../../config/version.ts';
import { createSchemas } from '../json-schema.ts';
import { type AnswerDescription, asJson, jsonOf, type Route, reading } from '../route.ts';

/** Serves the OpenAPI document of routes, its own included. */
export function openApi(others: readonly Route<never>[], description: string): Route<unknown> {
  const route: Route<unknown> = {
    path: '/openapi.json',
    methods: reading,
    summary: 'this document',
    parameters: {},
    answers: { 200: jsonOf(t.UnknownRecord) },
    answer: async () => asJson(documentOf([...others, route], description)),
  };
  return route;
}

function documentOf(routes: readonly Route<never>[], description: string): unknown {
  const { schemaOf, components } = createSchemas();
  const contentOf = ({ type, text, row, list }: AnswerDescription) => {
    const schema = row === undefined ? { type: 'string' } : schemaOf(row);
    return {
      description: text ?? 'the answer',
      content: { [type]: { schema: list === true ? { type: 'array', items: schema } : schema } },
    };
  };
  const operationOf = ({ summary, parameters, answers }: Route<never>) => ({
    summary,
    parameters: Object.entries(parameters).map(([name, { codec, help, required = false }]) => ({
      ...{ name, in: 'query', required, description: help },
      schema: codec instanceof ListType ? { type: 'array', items: { type: 'string' } } : { type: 'string' },
    })),
    responses: Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, contentOf(answer)])),
  });
  const paths = Object.fromEntries(
    routes.map((route) => [route.path, { [route.methods.includes('GET') ? 'get' : 'post']: operationOf(route) }]),
  );
  const info = { title: 'snapledger', version: version(), description };
  return { openapi: '3.1.0', info, paths, components: { schemas: components } };
}
