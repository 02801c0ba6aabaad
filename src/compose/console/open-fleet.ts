import { wallClock } from '../../app/audit/moment.ts';
import type { FleetSource } from '../../app/fleet/questions/nodes.ts';
import { loadFleetSettings } from '../../config/fleet-settings.ts';
import type { FleetAccess } from '../../console/server/fleet-routes.ts';

/** The fleet that the machine's settings name, if they name one; settings that can't be read name none. */
export function fleetOf(): FleetAccess & { close(): Promise<void> } {
  const database = databaseSet();
  let opened: Promise<FleetSource> | undefined;
  const open = async (url: string): Promise<FleetSource> => {
    const { openFleetQuestions } = await import(
      '../../adapters/fleet-database/postgres/questions/open-fleet-questions.ts'
    );
    return { fleet: await openFleetQuestions(url), now: wallClock };
  };
  const fleet = (url: string) => () => {
    opened ??= open(url);
    // A database that can't be reached now may be later.
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  return {
    fleet: database === undefined ? undefined : fleet(database),
    close: async () => (await opened?.catch(() => undefined))?.fleet.close(),
  };
}

function databaseSet(): string | undefined {
  try {
    return loadFleetSettings({}).database;
  } catch {
    return undefined;
  }
}
