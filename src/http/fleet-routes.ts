import type { FleetSource } from '../app/fleet/questions/nodes.ts';
import { type FleetQuery, fleetQueries } from '../app/fleet/questions/queries.ts';
import { type DatabaseObserver, overDatabase } from './over-database.ts';
import { plain, type Route, reading, textOf } from './route.ts';
import { createRouter } from './router.ts';
import { openApi } from './routes/openapi.ts';
import { routeOf } from './routes/queries.ts';

const alive: Route<unknown> = {
  path: '/healthz',
  methods: reading,
  summary: 'the process responds',
  parameters: {},
  answers: { 200: textOf('ok') },
  answer: async () => plain(200, 'ok'),
};

const description =
  'Questions to the fleet, on loopback with a token. Numbers of 64 bits are strings of digits; times are nanoseconds since 1970 ' +
  'UTC, in whole microseconds.';

const described: readonly Route<FleetSource & DatabaseObserver>[] = [
  alive,
  ...(Object.values(fleetQueries) as readonly FleetQuery[]).map((query) => overDatabase<FleetSource>(routeOf(query))),
];

/** Every path of `fleet serve`. */
export const fleetRoutes: readonly Route<FleetSource & DatabaseObserver>[] = [
  ...described,
  openApi(described, description),
];

export const answerFleet = createRouter(fleetRoutes);
