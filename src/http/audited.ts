import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { decodeWith } from '../../events/codecs.ts';
import { Ambiguous, ambiguousRow } from '../app/audit/find-snapshot.ts';
import { Fault, type FaultCode } from '../ports/fault.ts';
import { asJson, plain } from './answers.ts';
import { decodeQuery } from './decode-query.ts';
import { type Route, reading } from './route.ts';

/** Faults that tell the asker something; any other is the daemon's own failure. */
const statuses: Readonly<Partial<Record<FaultCode, number>>> = {
  misuse: 400,
  missing: 404,
  busy: 409,
  unsupported: 501,
};

/** A route that reads: decodes what it must and may be asked with, and answers JSON, or what is wrong with its hint. */
export function audited<S, R extends t.Props, O extends t.Props>(
  path: string,
  required: t.TypeC<R>,
  optional: t.PartialC<O>,
  work: (query: t.TypeOf<t.TypeC<R>> & t.TypeOf<t.PartialC<O>>, sources: S) => Promise<unknown>,
): Route<S> {
  const known = t.partial({ ...required.props, ...optional.props });
  const parameters = Object.keys(known.props).map((name) => ({ name, required: name in required.props }));
  return {
    path,
    methods: reading,
    parameters,
    answer: async ({ query }, sources) => {
      const given = decodeQuery(known, query);
      if (either.isLeft(given)) return plain(400, given.left);
      const whole = decodeWith(t.intersection([required, optional]), given.right);
      if (either.isLeft(whole)) return plain(400, whole.left);
      try {
        return asJson(await work(whole.right, sources));
      } catch (error) {
        if (error instanceof Ambiguous) return asJson(ambiguousRow(error), 409);
        const status = error instanceof Fault ? statuses[error.code] : undefined;
        if (!(error instanceof Fault) || status === undefined) throw error;
        return plain(status, `${error.message}\nhint: ${error.hint}`);
      }
    },
  };
}
