import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../http/ask.ts';
import { freePort } from '../support/free-port.ts';
import { type StandIn, startStandIn } from '../support/kurrent/stand-in.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import type { Sandbox } from '../support/sandbox.ts';
import type { Machine } from './machine.ts';

/** The services of the fleet on a machine, whose network is this one's: a cluster, a database and the settings of both services. */
export interface MachineFleet {
  readonly cluster: StandIn;
  readonly postgres: Postgres;
  /** Asks `fleet serve`. */
  get(path: string): ReturnType<typeof ask>;
}

const token = 'a-token-of-more-than-16-characters';
export const fleetUnits = ['snapledger-fleet', 'snapledger-fleet-serve'] as const;
/** Settings with passwords, and a token. */
export const fleetFiles = ['fleet.toml', 'fleet-serve.toml', 'fleet.token'].map((name) => `etc/snapledger/${name}`);

/** Starts cluster and database, with a password for each role, and writes the three files as OPERATIONS.md says. */
export async function startMachineFleet(sandbox: Sandbox, { path }: Machine): Promise<MachineFleet> {
  const [cluster, postgres] = await Promise.all([startStandIn(), startPostgres({ passwords: true })]);
  sandbox.atEnd(async () => {
    await cluster.close();
    await postgres.end();
  });
  postgres.sql(
    "CREATE ROLE indexer LOGIN PASSWORD 'index password'; CREATE ROLE reader LOGIN PASSWORD 'reader password'",
  );
  postgres.sql('CREATE DATABASE fleet OWNER indexer');
  const port = await freePort();
  const into = postgres.urlOf('indexer', 'index password', 'fleet');
  const read = postgres.urlOf('reader', 'reader password', 'fleet');
  const texts = [
    `cluster = "${cluster.url}"\ndatabase = "${into}"\n`,
    `database = "${read}"\n[http]\nlisten = "127.0.0.1:${port}"\n`,
    `${token}\n`,
  ];
  for (const [at, file] of fleetFiles.entries()) writeFileSync(join(path, file), texts[at] ?? '', { mode: 0o600 });
  const headers = { authorization: `Bearer ${token}` };
  return { cluster, postgres, get: (asked) => ask({ host: '127.0.0.1', port, path: asked, headers }) };
}

/** As OPERATIONS.md has it. */
export const letReaderRead = ({ postgres }: MachineFleet) =>
  postgres.sql(
    'GRANT USAGE ON SCHEMA snapledger TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA snapledger TO reader',
    'fleet',
  );
