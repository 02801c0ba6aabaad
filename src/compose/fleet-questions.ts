import { createFleetQuestions } from '../adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import { createSystem } from '../adapters/system/system.ts';
import { wallClock } from '../app/audit/moment.ts';
import type { Daemon, FleetServeOptions } from '../cli/cli-deps.ts';
import { answerFleet } from '../http/fleet-routes.ts';
import { readToken } from '../http/loopback.ts';
import { isAway } from '../http/over-database.ts';
import { serveLoopback } from '../http/serve-http.ts';
import type { Fault } from '../ports/fault.ts';
import type { Logger } from '../ports/logger.ts';

/**
 * Answers the questions to a fleet over HTTP, also while the database is away. Rejects with a Fault if the token, the settings of the
 * database or the address can't be used.
 */
export async function serveFleet({ database, listen, tokenFile }: FleetServeOptions, logger: Logger): Promise<Daemon> {
  const token = readToken(tokenFile);
  const fleet = createFleetQuestions(database);
  const source = { fleet, now: wallClock, database: databaseLog(logger) };
  await fleet.written().catch((error) => {
    if (!isAway(error)) throw error;
    source.database(error);
  });
  const loopback = { ...listen, token };
  const server = await serveLoopback({
    ...{ logger, loopback },
    answer: (request) => answerFleet(request, source),
  }).catch(async (error) => {
    await fleet.close();
    throw error;
  });
  const { notify } = createSystem();
  await notify('READY=1');
  return {
    stop: async () => {
      await notify('STOPPING=1');
      await server.close();
      await fleet.close();
    },
  };
}

/** Logs when the database stops to answer and when it answers again, not each question in between. */
function databaseLog(logger: Logger): (fault: Fault | undefined) => void {
  let away = false;
  return (fault) => {
    if (fault !== undefined && !away) logger.warn({ err: fault }, 'the database does not answer');
    if (fault === undefined && away) logger.info({}, 'the database answers again');
    away = fault !== undefined;
  };
}
