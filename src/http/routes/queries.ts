import { AmbiguousRow } from '../../app/audit/find-snapshot.ts';
import { type AnyQuery, queries } from '../../app/queries/queries.ts';
import type { AuditSource } from '../../app/queries/query.ts';
import { asJson, failure, jsonOf, misuse, type Route, reading } from '../route.ts';

const routeOf = ({ name, summary, parameters, answer, run }: AnyQuery): Route<AuditSource> => ({
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

/** A route for each query, with the rows of its command's `--json`. */
export const queryRoutes: readonly Route<AuditSource>[] = Object.values(queries).map(routeOf);
