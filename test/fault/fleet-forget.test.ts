import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { runFleetIndex } from '../../src/compose/fleet.ts';
import { silent } from '../../src/ports/logger.ts';
import { snapledgerDone } from '../cli/process.ts';
import { assertTables } from '../support/fleet/assert-tables.ts';
import { createClusterWriter } from '../support/fleet/cluster-writer.ts';
import { startIndexer } from '../support/fleet/indexer.ts';
import { postgresTables } from '../support/fleet/postgres-tables.ts';
import { createStoreHistory, type StoreHistory } from '../support/fleet/store-history.ts';
import { startStandIn } from '../support/kurrent/stand-in.ts';
import { type Postgres, requirePostgres, startPostgres } from '../support/postgres.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { createRandom } from '../torture/random.ts';

const sandbox = createSandbox('fleet-forget');
const random = createRandom(21);
const test = suiteNeeding('fleet forget beside the index', requirePostgres());
let postgres: Postgres;
let databases = 0;
test.before(async () => {
  postgres = await startPostgres();
  sandbox.atEnd(postgres.end);
});
test.after(() => sandbox.close());

/** A cluster with three stores, and an empty database. */
async function fleet() {
  const cluster = await startStandIn();
  sandbox.atEnd(cluster.close);
  databases += 1;
  const database = `fleet${databases}`;
  postgres.sql(`CREATE DATABASE ${database}`);
  const into = postgres.url.replace(/\/postgres$/, `/${database}`);
  const writer = createClusterWriter(cluster.streams);
  const grow = (history: StoreHistory, times: number) => {
    for (let left = times; left > 0; left--) writer.write(history.store, history.grow());
  };
  const history = () => createStoreHistory(randomUUID(), random.split());
  const stores = [history(), history(), history()] as const;
  for (const one of stores) grow(one, 100);
  const tables = () => postgresTables(postgres, database);
  const sql = (text: string) => postgres.sql(text, database);
  return {
    ...{ cluster, database, into, stores, grow, tables, sql },
    start: (log: string) => startIndexer(sandbox, { from: cluster.url, into, log }),
    forget: ({ store }: StoreHistory) => snapledgerDone('fleet', 'forget', store, '--force', '--database', into),
    /** Until these stores, and no others, are indexed to their ends. */
    indexed: (...wanted: readonly StoreHistory[]) =>
      waitFor('all events', () => {
        if (sql("SELECT to_regclass('snapledger.store') IS NULL") === 't') return false;
        const found = sql("SELECT string_agg(store || ' ' || position, ',' ORDER BY store) FROM snapledger.store");
        const ends = wanted.map(({ store, log }) => `${store} ${log.length}`);
        return found === ends.sort().join(',');
      }),
    index: (rebuild: boolean) =>
      runFleetIndex(
        {
          ...{ from: cluster.url, into, once: true, rebuild, keepRemoved: undefined, listen: null },
          signal: new AbortController().signal,
        },
        silent,
      ),
  };
}

test('a running indexer: shows the store no more, continues with others, and reads it again from its beginning when it sends more', async () => {
  const { stores, grow, start, forget, indexed, tables } = await fleet();
  const [retired, ...others] = stores;
  const indexer = await start('beside.log');
  const metrics = async () => (await fetch(`http://127.0.0.1:${indexer.port}/metrics`)).text();
  await indexed(...stores);
  await waitFor('the metrics of the store', async () => (await metrics()).includes(retired.store));
  await forget(retired);
  assertTables(tables(), others);
  for (const history of others) grow(history, 30);
  await indexed(...others);
  assertTables(tables(), others);
  await waitFor('the end of its metrics', async () => !(await metrics()).includes(retired.store));
  grow(retired, 1);
  await indexed(...stores);
  await indexer.stop();
  assertTables(tables(), stores);
  assert.is(tables().stores.get(retired.store)?.lineage, 1);
});

test('stores that are alive: however often they are forgotten while they send, the index is complete in the end', async () => {
  const { stores, grow, start, forget, indexed, tables } = await fleet();
  const indexer = await start('alive.log');
  await indexed(...stores);
  for (let rounds = 0; rounds < 5; rounds++) {
    const store = random.pick(stores);
    await waitFor('the store', () => tables().stores.has(store.store));
    let over = false;
    const removed = forget(store).finally(() => {
      over = true;
    });
    await waitFor('its removal', () => {
      for (const history of stores) grow(history, 2);
      return over;
    });
    await removed;
  }
  for (const history of stores) grow(history, 1);
  await indexed(...stores);
  await indexer.stop();
  assertTables(tables(), stores);
});

test('earlier events have expired: the store that appears again shows from where on it is known', async () => {
  const { cluster, stores, grow, forget, index, sql } = await fleet();
  const [retired] = stores;
  await index(false);
  const first = retired.log.length - 10;
  cluster.streams.setMetadata(`snapledger-${retired.store}`, { $tb: first - 1 });
  await forget(retired);
  grow(retired, 1);
  await index(false);
  assert.is(
    sql(`SELECT first_position, position, stopped FROM snapledger.store WHERE store = '${retired.store}'`),
    `${first}|${retired.log.length}|f`,
  );
});

test('a rebuild: brings the store back, and it can be forgotten again', async () => {
  const { stores, forget, index, tables } = await fleet();
  const [retired, ...others] = stores;
  await index(false);
  await forget(retired);
  await index(false);
  assertTables(tables(), others);
  await index(true);
  assertTables(tables(), stores);
  await forget(retired);
  await index(false);
  assertTables(tables(), others);
});

test.run();
