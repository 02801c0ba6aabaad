import { openFleetQuestions } from '../../../src/adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import type { FleetSource } from '../../../src/app/fleet/questions/nodes.ts';
import type { FleetChange, FleetDatabase } from '../../../src/ports/fleet-database.ts';
import type { FleetQuestions } from '../../../src/ports/fleet-questions.ts';
import { type Postgres, startPostgres } from '../postgres.ts';
import { noChange } from './arbitrary-fleet.ts';
import { openDatabase } from './open-database.ts';

/** A PostgreSQL server with the tables of a fleet, and questions to it as a role that may only read. */
export interface FleetServer {
  readonly postgres: Postgres;
  /** connection string of the reader */
  readonly url: string;
  readonly questions: FleetQuestions;
  /** Questions at a fixed time. */
  source(now?: bigint): FleetSource;
  /** Replaces all rows of stores. */
  fill(rows: Partial<FleetChange>): Promise<void>;
  end(): Promise<void>;
}

export async function startFleetServer(): Promise<FleetServer> {
  const postgres = await startPostgres();
  const database = await openDatabase(postgres.url);
  postgres.sql(`
    CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA snapledger TO reader;
    GRANT SELECT ON ALL TABLES IN SCHEMA snapledger TO reader;
  `);
  const url = postgres.url.replace('postgres@', 'reader@');
  const questions = await openFleetQuestions(url);
  const known = new Set<string>();
  return {
    postgres,
    url,
    questions,
    source: (now = 0n) => ({ fleet: questions, now: () => now }),
    fill: async (rows) => fill(database, known, rows),
    end: async () => {
      await questions.close();
      await database.close();
      await postgres.end();
    },
  };
}

async function fill(database: FleetDatabase, known: Set<string>, rows: Partial<FleetChange>): Promise<void> {
  await database.apply({ ...noChange, restarted: [...known] });
  for (const { store } of rows.stores ?? []) known.add(store);
  await database.apply({ ...noChange, ...rows });
}
