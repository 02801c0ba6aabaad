import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as assert from 'uvu/assert';
import { openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { counts, filled, ids, noRows, removal, rowsLeft, rowsOf } from '../../../support/fleet/filled-tables.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { run } from '../../../support/run.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../../support/sample-fleet.ts';
import { daemonFile } from '../../../support/server.ts';
import { waitFor } from '../../../support/wait-for.ts';

const test = suiteNeeding('removal of a store beside an indexer', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

test('a running indexer: writes nothing more from what it read before, and continues once it has read the stores again', async () => {
  const { url, sql, database } = await filled(server);
  await removal(url, 'a');
  const late = sampleChange(4, { stores: [sampleStore('a')], snapshots: [sampleSnapshot('a', 6)] });
  assert.is((await caughtFault(database.apply(late))).code, 'busy');
  assert.is((await caughtFault(database.dropRemovedBefore(nanos('2026-06-01T00:00:00Z')))).code, 'busy');
  await database.close();
  assert.is(rowsLeft(sql, 'a'), noRows);
  const again = await openDatabase(url);
  const { at, stores } = await again.progress();
  assert.is(at?.commit, 3n);
  assert.equal(stores.map(({ store }) => store).sort(), [ids[1], ids[2]].sort());
  await again.apply(sampleChange(4, { stores: [sampleStore('d')] }));
  assert.is(sql('SELECT count(*) FROM snapledger.store'), '3');
  await again.close();
});

test('a running indexer: is not disturbed by a removal that is refused, or counts only', async () => {
  const { url, database } = await filled(server);
  await caughtFault(removal(url, 'nothing'));
  await removal(url, 'a', 'count');
  await database.apply(sampleChange(4));
  await database.close();
});

/** Holds a lock in a transaction of another session until it is released. */
async function holding(url: string, statement: string): Promise<() => Promise<void>> {
  const holder = await openSession(readPostgresUrl(url), { schema: 'snapledger', application: 'test' });
  await holder.run('BEGIN');
  await holder.run(statement);
  return async () => {
    await holder.run('COMMIT');
    await holder.close();
  };
}

/** The table that both sides touch last. */
const lastTable = 'LOCK TABLE kept_event IN ACCESS EXCLUSIVE MODE';

const untilBlocked = (sql: (text: string) => string, application: string) =>
  waitFor(
    `${application} to wait for a lock`,
    () => sessionsOf(sql, application, "AND wait_event_type = 'Lock'") === 1,
  );

const sessionsOf = (sql: (text: string) => string, application: string, which = '') =>
  Number(
    sql(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '${application}' ${which}`,
    ),
  );

test('a batch under way: is waited for, and its rows are deleted too', async () => {
  const { url, sql, database } = await filled(server);
  const release = await holding(url, lastTable);
  const late = { stores: [sampleStore('a')], snapshots: [sampleSnapshot('a', 6)] };
  const applied = database.apply(
    sampleChange(4, { ...late, kept: [{ store: 'a', position: 9, type: 'Later', wire: '{}' }] }),
  );
  await untilBlocked(sql, 'snapledger fleet index');
  const removed = removal(url, 'a');
  await untilBlocked(sql, 'snapledger fleet forget');
  await release();
  await applied;
  assert.equal((await removed).rows, { ...counts, snapshots: 6, kept: 2 });
  assert.is(rowsLeft(sql, 'a'), noRows);
  await database.close();
});

test('a removal under way: the next batch waits for it, and is refused', async () => {
  const { url, sql, database } = await filled(server);
  const release = await holding(url, lastTable);
  const removed = removal(url, 'a');
  await untilBlocked(sql, 'snapledger fleet forget');
  const refused = caughtFault(database.apply(sampleChange(4, { snapshots: [sampleSnapshot('a', 6)] })));
  await untilBlocked(sql, 'snapledger fleet index');
  await release();
  await removed;
  assert.is((await refused).code, 'busy');
  assert.is(rowsLeft(sql, 'a'), noRows);
  await database.close();
});

test('a rebuild that exchanges the tables: the removal is from the new ones', async () => {
  const { url, sql, database } = await filled(server);
  const rebuilt = await openDatabase(url, { rebuild: true });
  for (const [at, store] of ['a', 'new'].entries()) await rebuilt.apply(sampleChange(at + 1, rowsOf(store)));
  const release = await holding(url, 'LOCK TABLE progress IN ACCESS SHARE MODE');
  const swapped = rebuilt.swap();
  await untilBlocked(sql, 'snapledger fleet index');
  const removed = removal(url, 'a');
  await untilBlocked(sql, 'snapledger fleet forget');
  await release();
  await swapped;
  assert.equal((await removed).rows, counts);
  assert.is(sql("SELECT string_agg(store, ' ') FROM snapledger.store"), 'new');
  await Promise.all([database.close(), rebuilt.close()]);
});

test('killed in the middle: nothing is removed, the indexer continues, and a second run removes everything', async () => {
  const { url, sql, database, content } = await filled(server);
  const before = content('');
  const release = await holding(url, lastTable);
  const forget = [daemonFile, 'fleet', 'forget', 'node-a', '--force', '--database', url];
  const killed = spawn(process.execPath, forget, { stdio: 'ignore' });
  await untilBlocked(sql, 'snapledger fleet forget');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  await release();
  await waitFor('its session to end', () => sessionsOf(sql, 'snapledger fleet forget') === 0);
  assert.is(content(''), before);
  await database.apply(sampleChange(4));
  await database.close();
  const { stdout } = await run(process.execPath, [...forget, '--json']);
  assert.equal(JSON.parse(stdout), {
    ...{ dryRun: false, node: 'node-a', store: 'a', lastSeen: String(nanos('2026-11-28T20:00:01Z')), ...counts },
  });
  assert.is(rowsLeft(sql, 'a'), noRows);
});

test.run();
