import * as assert from 'uvu/assert';
import { snapledgerDone } from '../cli/process.ts';
import { assertTables } from '../support/fleet/assert-tables.ts';
import { growingFleet } from '../support/fleet/growing-fleet.ts';
import type { StoreHistory } from '../support/fleet/store-history.ts';
import { type Postgres, requirePostgres, startPostgres } from '../support/postgres.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { createRandom } from '../torture/random.ts';

const sandbox = createSandbox('fleet-forget');
const random = createRandom(21);
const test = suiteNeeding('fleet forget beside the index', requirePostgres());
let postgres: Postgres;
test.before(async () => {
  postgres = await startPostgres();
  sandbox.atEnd(postgres.end);
});
test.after(() => sandbox.close());

/** A fleet of three stores that can be forgotten. */
async function fleet() {
  const grown = await growingFleet({ sandbox, postgres, random }, 3, 100);
  const { into, sql, hasTables } = grown;
  return {
    ...grown,
    stores: grown.stores as [StoreHistory, StoreHistory, StoreHistory],
    forget: ({ store }: StoreHistory) => snapledgerDone('fleet', 'forget', store, '--force', '--database', into),
    /** Until these stores, and no others, are indexed to their ends. */
    indexed: (...wanted: readonly StoreHistory[]) =>
      waitFor('all events', () => {
        if (!hasTables()) return false;
        const found = sql("SELECT string_agg(store || ' ' || position, ',' ORDER BY store) FROM snapledger.store");
        const ends = wanted.map(({ store, log }) => `${store} ${log.length}`);
        return found === ends.sort().join(',');
      }),
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
