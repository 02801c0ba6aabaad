import { openFleetQuestions } from '../adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import { wallClock } from '../app/audit/moment.ts';
import type { Daemon, FleetServeOptions } from '../cli/cli-deps.ts';
import { answerFleet } from '../http/fleet-routes.ts';
import { readToken } from '../http/loopback.ts';
import { serveLoopback } from '../http/serve-http.ts';
import type { Fault } from '../ports/fault.ts';
import type { Logger } from '../ports/logger.ts';

/** Answers the questions to a fleet over HTTP. Rejects with a Fault if the token, the database or the address can't be used. */
export async function serveFleet({ database, listen, tokenFile }: FleetServeOptions, logger: Logger): Promise<Daemon> {
  const token = readToken(tokenFile);
  const fleet = await openFleetQuestions(database);
  const source = { fleet, now: wallClock, database: databaseLog(logger) };
  const loopback = { ...listen, token };
  const server = await serveLoopback({
    ...{ logger, loopback },
    answer: (request) => answerFleet(request, source),
  }).catch(async (error) => {
    await fleet.close();
    throw error;
  });
  return {
    stop: async () => {
      await server.close();
      await fleet.close();
    },
  };
}

/** Logs when the database stops to answer and when it answers again, not each question in between. */
function databaseLog(logger: Logger): (fault: Fault | undefined) => void {
  let away = false;
  return (fault) => {
    if (fault !== undefined && !away) logger.warn({ err: fault, hint: fault.hint }, 'the database does not answer');
    if (fault === undefined && away) logger.info({}, 'the database answers again');
    away = fault !== undefined;
  };
}
