import * as either from 'fp-ts/lib/Either.js';
import { Ambiguous, ambiguousRow } from '../app/audit/find-snapshot.ts';
import { ListType } from '../app/queries/parameters.ts';
import { decodeParameters, type Given, type Parameters, type Values } from '../app/queries/query.ts';
import { nearest } from '../domain/nearest.ts';
import { Fault, type FaultCode } from '../ports/fault.ts';
import { asJson, type HttpAnswer, type HttpRequest, plain, type Route } from './route.ts';

/** Faults that a client can cause; any other is the daemon's own failure. */
const statuses: Readonly<Partial<Record<FaultCode, number>>> = {
  misuse: 400,
  missing: 404,
  busy: 409,
  unsupported: 501,
};

export type PlainRequest = Omit<HttpRequest, 'values'> & { readonly url: string };

/** Answers requests by routes: 404 for an unknown path, 405 for a method that the path doesn't have, 400 for wrong parameters. */
export function createRouter<S>(
  routes: readonly Route<S>[],
): (request: PlainRequest, sources: S) => Promise<HttpAnswer> {
  const byPath = new Map(routes.map((route) => [route.path, route]));
  return async ({ method, url, headers, gone }, sources) => {
    if (!url.startsWith('/') || !URL.canParse(`http://localhost${url}`)) return plain(400, 'not a path');
    const { pathname, searchParams } = new URL(`http://localhost${url}`);
    const route = byPath.get(pathname);
    if (route === undefined) return plain(404, `no such path; there are ${[...byPath.keys()].join(', ')}`);
    if (!route.methods.includes(method))
      return plain(405, `use ${route.methods.join(' or ')}`, { allow: route.methods.join(', ') });
    const values = decodeQuery(route.parameters, searchParams);
    if (either.isLeft(values)) return plain(400, values.left);
    try {
      return await route.answer({ method, values: values.right, headers, gone }, sources);
    } catch (error) {
      if (error instanceof Ambiguous) return asJson(ambiguousRow(error), 409);
      const status = error instanceof Fault ? statuses[error.code] : undefined;
      if (!(error instanceof Fault) || status === undefined) throw error;
      return plain(status, `${error.message}\nhint: ${error.hint}`);
    }
  };
}

/** Decodes the query of a request. An unknown parameter is an error: a misspelt `dry-run` must not reconcile. */
function decodeQuery<P extends Parameters>(parameters: P, query: URLSearchParams): either.Either<string, Values<P>> {
  const given: Record<string, Given[string]> = {};
  for (const name of query.keys()) {
    const parameter = parameters[name];
    const texts = query.getAll(name);
    if (parameter === undefined) return either.left(unknownParameter(name, Object.keys(parameters)));
    if (!(parameter.codec instanceof ListType) && texts.length > 1)
      return either.left(`${name}: is given more than once`);
    given[name] = parameter.codec instanceof ListType ? texts : texts[0];
  }
  return decodeParameters(parameters, given);
}

function unknownParameter(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const hint = meant
    ? `did you mean ${meant}?`
    : `there ${known.length === 0 ? 'are none' : `are ${known.join(', ')}`}`;
  return `${name}: unknown parameter, ${hint}`;
}
