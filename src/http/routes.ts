import { type AnyQuery, queries } from '../app/queries/queries.ts';
import type { AuditSource } from '../app/queries/query.ts';
import type { Route } from './route.ts';
import { createRouter } from './router.ts';
import { type ChangeSource, reconcile, restore } from './routes/changes.ts';
import { type EventsSource, events } from './routes/events.ts';
import { openApi } from './routes/openapi.ts';
import { routeOf } from './routes/queries.ts';
import { type StatusSource, statusRoutes } from './routes/status.ts';

/** What the routes need of the daemon. */
export type Sources = StatusSource & ChangeSource & EventsSource & AuditSource;

const queryRoutes = (Object.values(queries) as readonly AnyQuery[]).map(routeOf);
const described: readonly Route<Sources>[] = [...statusRoutes, events, reconcile, restore, ...queryRoutes];

const description =
  "The operator's HTTP API, on a unix socket (0600) or on loopback with a token. Numbers of 64 bits are strings of digits; " +
  'times are nanoseconds since 1970 UTC. Commands that write files, or need a stopped store, are not available over HTTP: ' +
  'verify, repair, archive, export, import.';

/** Every path of the daemon. */
export const routes: readonly Route<Sources>[] = [...described, openApi(described, description)];

export const answerTo = createRouter(routes);
