import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Daemon } from '../../support/daemon.ts';
import { assertTables } from '../../support/fleet/assert-tables.ts';
import { createClusterWriter } from '../../support/fleet/cluster-writer.ts';
import { startIndexer } from '../../support/fleet/indexer.ts';
import { postgresTables } from '../../support/fleet/postgres-tables.ts';
import { createStoreHistory, type StoreHistory } from '../../support/fleet/store-history.ts';
import { type StandIn, startStandIn } from '../../support/kurrent/stand-in.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createRandom, type Random } from '../random.ts';

export interface FleetOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly stores: number;
}

/** What was done to the index, and how often. */
export interface FleetFaults {
  /** SIGKILL */
  indexer: number;
  postgres: number;
  both: number;
  /** connections to the cluster were cut */
  cut: number;
  /** SIGTERM */
  stop: number;
}

export interface FleetSummary {
  readonly faults: FleetFaults;
  /** events of all stores at the end */
  readonly events: number;
  /** rows of `snapshot` */
  readonly rows: number;
  /** the first difference between the tables and a fold of all logs; the run ends there */
  readonly finding: string | undefined;
}

interface Run {
  readonly sandbox: Sandbox;
  /** of the writers */
  readonly random: Random;
  /** of the faults: the same ones for a seed, however fast the stores write */
  readonly fate: Random;
  readonly cluster: StandIn;
  readonly postgres: Postgres;
  readonly faults: FleetFaults;
  readonly stores: readonly StoreHistory[];
  /** Writes a few events of some stores. */
  write(): void;
  indexer: Daemon;
}

const compareEvery = 20;

/**
 * Kills the indexer, the database or both, again and again, while stores write. Every so often, and at the end, the tables must
 * equal a fold of each whole log, row by row. `say` receives the progress.
 */
export async function tortureFleet(options: FleetOptions, say: (line: string) => void): Promise<FleetSummary> {
  const sandbox = createSandbox('torture-fleet');
  try {
    const run = await begin(sandbox, options);
    return await runRounds(run, options, say);
  } finally {
    await sandbox.close();
  }
}

async function begin(sandbox: Sandbox, { seed, stores: count }: FleetOptions): Promise<Run> {
  const random = createRandom(seed);
  const fate = random.split();
  const cluster = await startStandIn();
  sandbox.atEnd(cluster.close);
  const postgres = await startPostgres();
  sandbox.atEnd(postgres.end);
  const writer = createClusterWriter(cluster.streams);
  const stores = Array.from({ length: count }, () => createStoreHistory(randomUUID(), random.split()));
  const write = () => {
    for (let events = random.whole(1, 40); events > 0; events--) {
      const history = random.pickOf(stores);
      if (history !== undefined) writer.write(history.store, history.grow());
    }
  };
  write();
  const indexer = await startIndexer(sandbox, { from: cluster.url, into: postgres.url, log: 'indexer.log' });
  const faults = { indexer: 0, postgres: 0, both: 0, cut: 0, stop: 0 };
  return { sandbox, random, fate, cluster, postgres, faults, stores, write, indexer };
}

async function runRounds(
  run: Run,
  { rounds, seconds }: FleetOptions,
  say: (line: string) => void,
): Promise<FleetSummary> {
  const end = performance.now() + seconds * 1000;
  for (let round = 1; ; round++) {
    await writeWhile(run, () => inject(run));
    const isLast = round >= rounds || performance.now() > end;
    if (!isLast && round % compareEvery !== 0) continue;
    const compared = await compare(run);
    say(`round ${round}: ${compared.events} events, ${compared.rows} rows, ${JSON.stringify(run.faults)}`);
    if (isLast || compared.finding !== undefined) return { faults: run.faults, ...compared };
  }
}

/** Stores write until the work is done. */
async function writeWhile(run: Run, work: () => Promise<void>): Promise<void> {
  let working = true;
  const writing = (async () => {
    while (working) {
      run.write();
      await pause(run.random.whole(0, 60));
    }
  })();
  await work().finally(() => {
    working = false;
  });
  await writing;
}

/** One fault, mostly while a batch is under way. */
async function inject(run: Run): Promise<void> {
  const { fate, cluster, postgres, faults } = run;
  await pause(fate.whole(0, 400));
  const fault = fate.pick(['indexer', 'indexer', 'postgres', 'postgres', 'both', 'cut', 'stop'] as const);
  faults[fault] += 1;
  if (fault === 'cut') cluster.cut();
  if (fault === 'stop') await run.indexer.stop();
  if (fault === 'postgres' || fault === 'both') await postgres.kill();
  if (fault === 'indexer' || fault === 'both') await run.indexer.kill();
  if (fault === 'postgres' || fault === 'both') {
    await pause(fate.whole(0, 300));
    await postgres.start();
  }
  if (fault !== 'cut' && fault !== 'postgres') run.indexer = await restarted(run);
}

const restarted = ({ sandbox, cluster, postgres }: Run) =>
  startIndexer(sandbox, { from: cluster.url, into: postgres.url, log: 'indexer.log' });

/** Waits until everything is indexed, and compares the tables with a fold of all logs. */
async function compare({ stores, postgres, indexer }: Run): Promise<Pick<FleetSummary, 'events' | 'rows' | 'finding'>> {
  const events = stores.reduce((sum, { log }) => sum + log.length, 0);
  // Faults may have come faster than the tables.
  const isMade = () => postgres.sql("SELECT to_regclass('snapledger.store') IS NOT NULL") === 't';
  const indexed = () =>
    isMade() ? Number(postgres.sql('SELECT coalesce(sum(position), 0) FROM snapledger.store')) : 0;
  try {
    await waitFor('the index to be up to date', async () => indexed() === events, { limit: 240_000, pause: 100 });
    const tables = postgresTables(postgres);
    assertTables(tables, stores);
    return { events, rows: tables.snapshots.size, finding: undefined };
  } catch (error) {
    const { message, details } = error as Error & { details?: string };
    return { events, rows: 0, finding: `${message}\n${details ?? ''}\n${indexer.log().slice(-5_000)}` };
  }
}
