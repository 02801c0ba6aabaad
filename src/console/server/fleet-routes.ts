import type { FleetSource } from '../../app/fleet/questions/nodes.ts';
import { type FleetQuery, fleetQueries } from '../../app/fleet/questions/queries.ts';
import { overDatabase } from '../../http/over-database.ts';
import { plain, type Route } from '../../http/route.ts';
import { routeOf } from '../../http/routes/queries.ts';

/** A fleet's database, if the machine's settings name one. It is connected when it is first asked. */
export interface FleetAccess {
  readonly fleet: (() => Promise<FleetSource>) | undefined;
}

const none = plain(404, 'no database of a fleet is set here\nhint: OPERATIONS.md, "Fleet", has the settings');

const below = (route: Route<FleetSource>): Route<FleetAccess> =>
  overDatabase({
    ...route,
    path: `/fleet${route.path}`,
    answer: async (request, { fleet }) => (fleet === undefined ? none : route.answer(request, await fleet())),
  });

/** The questions to a fleet. */
export const fleetRoutes: readonly Route<FleetAccess>[] = (Object.values(fleetQueries) as readonly FleetQuery[])
  .map(routeOf)
  .map(below);
