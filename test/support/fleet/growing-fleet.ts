import { randomUUID } from 'node:crypto';
import { runFleetIndex } from '../../../src/compose/fleet.ts';
import { silent } from '../../../src/ports/logger.ts';
import type { Random } from '../../torture/random.ts';
import { freshDatabase } from '../fresh-database.ts';
import { startStandIn } from '../kurrent/stand-in.ts';
import type { Postgres } from '../postgres.ts';
import type { Sandbox } from '../sandbox.ts';
import { createClusterWriter } from './cluster-writer.ts';
import { startIndexer } from './indexer.ts';
import { postgresTables } from './postgres-tables.ts';
import { createStoreHistory, type StoreHistory } from './store-history.ts';

interface Place {
  readonly sandbox: Sandbox;
  readonly postgres: Postgres;
  readonly random: Random;
}

/** A cluster of stores with so many events each, which grow when the test says so, and an empty database. */
export async function growingFleet({ sandbox, postgres, random }: Place, count: number, events = 150) {
  const cluster = await startStandIn();
  sandbox.atEnd(cluster.close);
  const { name, url: into, sql } = freshDatabase(postgres);
  const writer = createClusterWriter(cluster.streams);
  const grow = (history: StoreHistory | undefined, times: number) => {
    for (let left = times; left > 0; left--) if (history !== undefined) writer.write(history.store, history.grow());
  };
  const stores = Array.from({ length: count }, () => createStoreHistory(randomUUID(), random.split()));
  for (const history of stores) grow(history, events);
  const once = { from: cluster.url, into, once: true, keepRemoved: undefined, listen: null };
  return {
    ...{ cluster, into, stores, grow, sql },
    tables: () => postgresTables(postgres, name),
    hasTables: () => sql("SELECT to_regclass('snapledger.store') IS NOT NULL") === 't',
    index: (rebuild = false) => runFleetIndex({ ...once, rebuild, signal: new AbortController().signal }, silent),
    start: (log: string) => startIndexer(sandbox, { from: cluster.url, into, log }),
  };
}
