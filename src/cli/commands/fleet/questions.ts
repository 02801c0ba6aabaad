import { type Command, Option } from 'commander';
import { wallClock } from '../../../app/audit/moment.ts';
import { type FleetQuery, fleetQueries } from '../../../app/fleet/questions/queries.ts';
import { loadFleetSettings, required } from '../../../config/fleet-settings.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { configOption, relativeOption, wholeOption } from '../../options.ts';
import { print } from '../../output/print.ts';
import { addParameters, decoded, givenTo, printAnswer, type QueryOptions } from '../../query-command.ts';
import { fleetTables } from '../../tables/fleet.ts';

interface DatabaseOptions extends QueryOptions {
  readonly database?: string;
}

export const databaseOption = () => new Option('--database <url>', "the fleet's database: postgres://user@host/name");

/** A command of the group `fleet` for each question to its database. */
export function addFleetQuestions(fleet: Command, deps: Pick<CliDeps, 'openFleet'>): void {
  for (const name of Object.keys(fleetQueries) as (keyof typeof fleetQueries)[]) {
    const query: FleetQuery = fleetQueries[name];
    const { options, lines } = fleetTables[name];
    const command = addParameters(fleet.command(query.name).description(query.summary), query)
      .addOption(databaseOption())
      .addOption(configOption());
    for (const option of options) command.addOption(option === 'whole' ? wholeOption() : relativeOption());
    command.action(async (...args) => {
      const given = command.opts<DatabaseOptions>();
      const values = decoded(query.parameters, givenTo(command, query.parameters, args), `fleet ${name}`);
      const settings = loadFleetSettings({ file: given.config, flags: { database: given.database } });
      const questions = await deps.openFleet(required(settings, 'database'));
      const answer = await query.run({ fleet: questions, now: wallClock }, values).finally(questions.close);
      printAnswer(query.answer, answer, () => lines(answer as never, given), given, print);
    });
  }
}
