import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { assertTables } from '../support/fleet/assert-tables.ts';
import { createClusterWriter } from '../support/fleet/cluster-writer.ts';
import { growingFleet } from '../support/fleet/growing-fleet.ts';
import { openDatabase } from '../support/fleet/open-database.ts';
import { createStoreHistory } from '../support/fleet/store-history.ts';
import { type Postgres, requirePostgres, startPostgres } from '../support/postgres.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { sampleChange, sampleStore } from '../support/sample-fleet.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { createRandom } from '../torture/random.ts';

const sandbox = createSandbox('fleet-index');
const random = createRandom(20);
const test = suiteNeeding('fleet index on PostgreSQL', requirePostgres());
let postgres: Postgres;
test.before(async () => {
  postgres = await startPostgres();
  sandbox.atEnd(postgres.end);
});
test.after(() => sandbox.close());

const fleet = (count: number) => growingFleet({ sandbox, postgres, random }, count);

test('an empty cluster: is no error, and stores appear in the index by themselves', async () => {
  const { cluster, tables, index } = await fleet(0);
  for (let round = 0; round < 2; round++) await index();
  const history = createStoreHistory(randomUUID(), random.split());
  createClusterWriter(cluster.streams).write(history.store, history.grow());
  await index();
  assertTables(tables(), [history]);
});

test('a store that was rolled back: starts a new lineage, others continue', async () => {
  const { cluster, tables, stores, index } = await fleet(3);
  const [rolledBack, same] = stores;
  await index();
  assertTables(tables(), stores);
  cluster.restore(0);
  const writer = createClusterWriter(cluster.streams);
  // The cluster has grown beyond the position that was indexed.
  const fresh = createStoreHistory(randomUUID(), random.split());
  for (let left = 600; left > 0; left--) writer.write(fresh.store, fresh.grow());
  const other = createStoreHistory(rolledBack?.store ?? '', random.split());
  for (let left = 40; left > 0; left--) writer.write(other.store, other.grow());
  for (const { store, log } of stores.slice(1)) writer.write(store, log);
  await index();
  const found = tables();
  assertTables(found, [other, fresh, ...stores.slice(1)]);
  assert.is(found.stores.get(other.store)?.lineage, 2);
  assert.is(found.stores.get(same?.store ?? '')?.lineage, 1);
  assert.is(found.incidents.get(`${other.store} 0`)?.kind, 'rolled-back');
});

test('a store whose stream is broken: is reported and stops, others continue', async () => {
  const { cluster, tables, stores, grow, index, sql } = await fleet(2);
  const [broken, whole] = stores;
  await index();
  const { length } = broken?.log ?? [];
  grow(broken, 30);
  cluster.streams.lose(`snapledger-${broken?.store}`, length + 1, 'everywhere');
  for (let round = 0; round < 2; round++) {
    grow(broken, 10);
    grow(whole, 30);
    await index();
    const found = tables();
    const stopped = found.stores.get(broken?.store ?? '');
    assert.equal(stopped?.head.stopped, true);
    assert.is(stopped?.head.position, length + 1);
    assert.match(stopped?.fault ?? '', `snapledger-${broken?.store}`);
    assert.is(found.incidents.get(`${broken?.store} ${length + 2}`)?.kind, 'stopped');
    const before = broken === undefined ? [] : [{ store: broken.store, log: broken.log.slice(0, length + 1) }];
    for (const [key, { kind }] of found.incidents) if (kind === 'stopped') found.incidents.delete(key);
    assertTables(found, [...before, ...(whole === undefined ? [] : [whole])]);
  }
  assert.is(sql('SELECT count(*) FROM snapledger.store WHERE stopped'), '1');
});

test('a rebuild: fills tables beside, replaces those that are read, and continues', async () => {
  const { tables, stores, grow, index, sql } = await fleet(2);
  await index();
  sql("UPDATE snapledger.snapshot SET key = 'changed by another program'");
  grow(stores[0], 50);
  await index(true);
  assertTables(tables(), stores);
  assert.is(sql("SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname LIKE 'snapledger%'"), 'snapledger');
  grow(stores[1], 50);
  await index();
  assertTables(tables(), stores);
});

test('a rebuild: begins anew, whatever an abandoned one has left', async () => {
  const { into, tables, stores, index } = await fleet(2);
  const abandoned = await openDatabase(into, { rebuild: true, anew: true });
  // Of a cluster that was longer.
  await abandoned.apply(sampleChange(9_000_000_000, { stores: [sampleStore('gone')] }));
  await abandoned.close();
  await index(true);
  assertTables(tables(), stores);
});

test('a stop: ends the indexing although PostgreSQL does not answer', async () => {
  const { tables, stores, grow, hasTables, start, sql } = await fleet(1);
  const indexer = await start('silent.log');
  const written = () => stores.reduce((sum, { log }) => sum + log.length, 0);
  const indexed = async () => Number(sql('SELECT coalesce(max(position), 0) FROM snapledger.store')) === written();
  await waitFor('the first events', async () => hasTables() && indexed());
  const backends = sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'snapledger fleet index'");
  assert.is.not(backends, '', 'its sessions'); // process 0 would be this group
  const signalAll = (signal: NodeJS.Signals) => {
    for (const backend of backends.split('\n')) process.kill(Number(backend), signal);
  };
  signalAll('SIGSTOP');
  try {
    grow(stores[0], 30);
    await indexer.stop();
  } finally {
    signalAll('SIGCONT');
  }
  const again = await start('silent.log');
  await waitFor('all events', indexed);
  await again.stop();
  assertTables(tables(), stores);
});

test('two indexers: one works and the other waits, and continues when that is killed', async () => {
  const { tables, stores, grow, start, sql } = await fleet(2);
  const state = async (port: number) => {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
    return ((await answer.json()) as { state: string }).state;
  };
  const first = await start('first.log');
  await waitFor('the first to be live', async () => (await state(first.port)) === 'live');
  const second = await start('second.log');
  await waitFor('the second to wait', async () => (await state(second.port)) === 'waiting');
  for (const history of stores) grow(history, 50);
  await first.kill();
  for (const history of stores) grow(history, 50);
  const written = stores.reduce((sum, { log }) => sum + log.length, 0);
  const indexed = () => Number(sql('SELECT sum(position) FROM snapledger.store'));
  await waitFor('the second to catch up', async () => indexed() === written);
  await waitFor('the second to be live', async () => (await state(second.port)) === 'live');
  const metrics = await (await fetch(`http://127.0.0.1:${second.port}/metrics`)).text();
  assert.match(metrics, 'snapledger_fleet_caught_up 1');
  assert.match(metrics, `store="${stores[0]?.store}"`);
  await second.stop();
  assertTables(tables(), stores);
});

test('a password as an argument: is refused with exit status 2, and not shown', () => {
  const into = 'postgres://writer:pg-secret@127.0.0.1:1/fleet';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [daemonFile, 'fleet', 'index', '--from', 'kurrentdb://127.0.0.1:1?tls=false', '--into', into],
    { encoding: 'utf8' },
  );
  assert.is(status, 2);
  assert.match(stderr, '--into: it has a password');
  assert.not.match(stdout + stderr, 'pg-secret');
});

test.run();
