import { AmbiguousRow } from '../../app/audit/find-snapshot.ts';
import type { Query } from '../../app/queries/query.ts';
import { asJson, failure, jsonOf, misuse, type Route, reading } from '../route.ts';

/** The route of a query, with the rows of its command's `--json`. */
export const routeOf = <S>({ name, summary, parameters, answer, run }: Query<S>): Route<S> => ({
  path: `/${name}`,
  methods: reading,
  summary,
  parameters,
  answers: {
    200: jsonOf(answer.row, answer.list),
    400: misuse,
    404: failure,
    ...('key' in parameters ? { 409: jsonOf(AmbiguousRow) } : {}),
    default: failure,
  },
  answer: async ({ values }, source) => {
    const rows = answer.encode(await run(source, values));
    return asJson(answer.list ? rows : rows[0]);
  },
});
