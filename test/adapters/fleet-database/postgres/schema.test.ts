import * as assert from 'uvu/assert';
import { openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { checkTables, createSchema, migrate } from '../../../../src/adapters/fleet-database/postgres/schema/migrate.ts';
import { migrations } from '../../../../src/adapters/fleet-database/postgres/schema/migrations/migrations.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { deferred } from '../../../support/deferred.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freshDatabase } from '../../../support/fresh-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('schema of the fleet database', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

const options = { schema: 'snapledger', application: 'test' };
const sessionOf = (url: string) => openSession(readPostgresUrl(url), options);

const removedIn = (id: number, month: string) =>
  sampleSnapshot('a', id, { removed: nanos(`${month}-05T00:00:00Z`), ended: 'removed', fold: null });

const two = [
  { name: 'first', sql: 'CREATE TABLE one (a int)' },
  { name: 'second', sql: 'SELECT pg_sleep(0.1); CREATE TABLE two (a int)' },
];

test('migrations: two processes at once run each of them once', async () => {
  const { url, sql } = freshDatabase(server);
  const sessions = await Promise.all([url, url, url].map(sessionOf));
  await Promise.all(sessions.map((session) => createSchema(session, 'snapledger')));
  await Promise.all(sessions.map((session) => migrate(session, 'snapledger', two)));
  assert.is(sql('SELECT version, name FROM snapledger.migration ORDER BY 1'), '1|first\n2|second');
  await Promise.all(sessions.map((session) => session.close()));
});

test('migrations: one that fails leaves nothing, and the next start repeats it', async () => {
  const { url, sql } = freshDatabase(server);
  const session = await sessionOf(url);
  await createSchema(session, 'snapledger');
  const broken = { name: 'second', sql: 'CREATE TABLE half (a int); SELECT 1 / 0' };
  await caughtFault(migrate(session, 'snapledger', [two[0], broken] as typeof two));
  assert.is(sql("SELECT count(*) FROM pg_class WHERE relname = 'half'"), '0');
  await migrate(session, 'snapledger', two);
  assert.is(sql('SELECT max(version) FROM snapledger.migration'), '2');
  await session.close();
});

test('schema: an empty one that an administrator created is filled, by a role that can not create one', async () => {
  const { url, sql } = freshDatabase(server);
  const role = `prepared_${process.pid}`;
  sql(`CREATE ROLE ${role} LOGIN; CREATE SCHEMA snapledger AUTHORIZATION ${role}`);
  const target = new URL(url);
  target.username = role;
  const database = await openDatabase(target.href);
  assert.equal(await database.progress(), { at: undefined, stores: [] });
  await database.close();
  assert.is(sql('SELECT max(version) FROM snapledger.migration'), String(migrations.length));
});

test('version: newer tables are refused, by the indexer and by readers', async () => {
  const { url, sql } = freshDatabase(server);
  const session = await sessionOf(url);
  assert.is((await caughtFault(checkTables(session, 'snapledger'))).code, 'missing');
  await (await openDatabase(url)).close();
  await checkTables(session, 'snapledger');
  sql(`INSERT INTO snapledger.migration VALUES (${migrations.length + 1}, 'later')`);
  for (const refused of [await caughtFault(openDatabase(url)), await caughtFault(checkTables(session, 'snapledger'))]) {
    assert.is(refused.code, 'unsupported');
    assert.ok(
      refused.message.includes(`version ${migrations.length + 1}, and this release knows ${migrations.length}`),
    );
    assert.match(refused.hint, '--rebuild');
  }
  await session.close();
});

test('version: older tables are refused by readers until the indexer has migrated them', async () => {
  const { url, sql } = freshDatabase(server);
  await (await openDatabase(url)).close();
  sql(
    `UPDATE snapledger.migration SET version = 0 WHERE version = ${migrations.length}; INSERT INTO snapledger.migration SELECT generate_series(1, ${migrations.length - 1}), 'earlier'`,
  );
  const session = await sessionOf(url);
  const fault = await caughtFault(checkTables(session, 'snapledger'));
  assert.ok(['unsupported', 'missing'].includes(fault.code));
  await session.close();
});

test('lock: a second indexer waits, says so once, and takes over when the first has ended', async () => {
  const { url } = freshDatabase(server);
  const first = await openDatabase(url);
  const holders: string[] = [];
  const waited = deferred();
  const second = openDatabase(url, {
    waiting: (holder) => {
      holders.push(holder);
      waited.resolve();
    },
  });
  await waited.promise;
  await first.apply(sampleChange(1, { stores: [sampleStore('a')] }));
  await first.close();
  const database = await second;
  assert.is((await database.progress()).at?.commit, 1n);
  assert.is(holders.length, 1);
  assert.match(holders[0] ?? '', /^snapledger fleet index from 127\.0\.0\.1, since 20/);
  await database.close();
});

test('lock: the wait ends by its signal', async () => {
  const { url } = freshDatabase(server);
  const first = await openDatabase(url);
  const ending = new AbortController();
  const second = openDatabase(url, { signal: ending.signal, waiting: () => ending.abort(new Error('enough')) });
  try {
    await second;
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /enough|aborted/);
  }
  await first.close();
});

test('rebuild: fills tables beside those that are read, and exchanges them with their rights', async () => {
  const { url, sql, name } = freshDatabase(server);
  const old = await openDatabase(url);
  await old.apply(sampleChange(7, { stores: [sampleStore('old')] }));
  sql(
    `CREATE ROLE reader_${name} LOGIN; GRANT USAGE ON SCHEMA snapledger TO reader_${name}; GRANT SELECT ON ALL TABLES IN SCHEMA snapledger TO reader_${name}`,
  );
  const reader = await sessionOf(url.replace('postgres@', `reader_${name}@`));
  const fresh = await openDatabase(url, { rebuild: true });
  assert.is((await fresh.progress()).at, undefined);
  await fresh.apply(sampleChange(9, { stores: [sampleStore('new')], snapshots: [sampleSnapshot('new', 1)] }));
  assert.equal(await reader.rows('SELECT store FROM store'), [['old']]);
  await fresh.swap();
  assert.equal(await reader.rows('SELECT store FROM store'), [['new']]);
  await caughtFault(reader.run('DELETE FROM store'));
  const replaced = await caughtFault(old.apply(sampleChange(8, { stores: [sampleStore('old')] })));
  assert.is(replaced.code, 'busy');
  await old.close();
  await fresh.apply(sampleChange(10, { stores: [sampleStore('newer')] }));
  assert.is((await fresh.snapshots([{ store: 'new', id: 1 }])).length, 1);
  assert.is(sql('SELECT count(*) FROM snapledger.store'), '2');
  assert.is(sql("SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname LIKE 'snapledger%'"), 'snapledger');
  const holders: string[] = [];
  const ending = new AbortController();
  const waiting = (holder: string) => {
    holders.push(holder);
    ending.abort();
  };
  await openDatabase(url, { signal: ending.signal, waiting }).catch(() => {});
  assert.is(holders.length, 1, 'the lock is held through the exchange');
  await reader.close();
  await fresh.close();
});

test('rebuild: an indexer of the earlier tables can not write into the new ones, at the same position either', async () => {
  const { url, sql } = freshDatabase(server);
  const old = await openDatabase(url);
  await old.apply(sampleChange(9, { stores: [sampleStore('old')] }));
  const fresh = await openDatabase(url, { rebuild: true });
  await fresh.apply(sampleChange(9, { stores: [sampleStore('new')] }));
  await fresh.swap();
  const refused = await caughtFault(old.apply(sampleChange(10, { stores: [sampleStore('old')] })));
  assert.is(refused.code, 'busy');
  await fresh.apply(sampleChange(10, { stores: [sampleStore('newer')], snapshots: [removedIn(1, '2026-04')] }));
  assert.is(sql("SELECT string_agg(store, ',' ORDER BY store) FROM snapledger.store"), 'new,newer');
  const early = sampleChange(11, { snapshots: [removedIn(2, '2026-03')] });
  for (const change of [old.apply(early), old.dropRemovedBefore(nanos('2026-06-01T00:00:00Z'))])
    assert.is((await caughtFault(change)).code, 'busy');
  assert.is(
    sql("SELECT string_agg(relname, ' ') FROM pg_class WHERE relkind = 'r' AND relname LIKE 'snapshot_removed_2%'"),
    'snapshot_removed_2026_04',
  );
  await old.close();
  await fresh.close();
});

test('rebuild: continues after a lost connection, and begins anew if an earlier one was abandoned', async () => {
  const { url, sql } = freshDatabase(server);
  const abandoned = await openDatabase(url, { rebuild: true, anew: true });
  await abandoned.apply(sampleChange(9, { stores: [sampleStore('old')], snapshots: [removedIn(1, '2026-04')] }));
  await abandoned.close();
  const continued = await openDatabase(url, { rebuild: true });
  assert.is((await continued.progress()).at?.commit, 9n);
  await continued.close();
  sql(`INSERT INTO snapledger_next.migration VALUES (${migrations.length + 1}, 'of a later release')`);
  const fresh = await openDatabase(url, { rebuild: true, anew: true });
  assert.equal(await fresh.progress(), { at: undefined, stores: [] });
  await fresh.apply(sampleChange(1, { stores: [sampleStore('new')], snapshots: [removedIn(1, '2026-04')] }));
  await fresh.swap();
  await fresh.close();
  assert.is(sql('SELECT store FROM snapledger.store'), 'new');
});

test('rebuild: earlier tables that can not be dropped after the exchange do not fail it, and the next opening drops them', async () => {
  const { url, sql } = freshDatabase(server);
  const old = await openDatabase(url);
  await old.apply(sampleChange(7, { stores: [sampleStore('old')] }));
  await old.close();
  const fresh = await openDatabase(url, { rebuild: true });
  await fresh.apply(sampleChange(9, { stores: [sampleStore('new')] }));
  sql(
    `CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
       IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'snapledger_old') THEN RAISE 'not now'; END IF; END $$;
     CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('DROP SCHEMA') EXECUTE FUNCTION public.refuse()`,
  );
  await fresh.swap();
  await fresh.apply(sampleChange(10, { stores: [sampleStore('newer')] }));
  await fresh.close();
  const schemas = () =>
    sql("SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'snapledger%'");
  assert.is(schemas(), 'snapledger,snapledger_old');
  sql('DROP EVENT TRIGGER refuse');
  await (await openDatabase(url)).close();
  assert.is(schemas(), 'snapledger');
});

test('rebuild: a transaction that reads the position first sees one index only', async () => {
  const { url } = freshDatabase(server);
  const old = await openDatabase(url);
  await old.apply(sampleChange(7, { stores: [sampleStore('old')] }));
  await old.close();
  const fresh = await openDatabase(url, { rebuild: true });
  await fresh.apply(sampleChange(9, { stores: [sampleStore('new')] }));
  const reader = await sessionOf(url);
  let swapped: Promise<void> | undefined;
  await reader.transaction(async () => {
    assert.equal(await reader.rows('SELECT commit_position FROM progress'), [[7]]);
    swapped = fresh.swap();
    assert.equal(await reader.rows('SELECT pg_sleep(0.3)'), [['']]);
    assert.equal(await reader.rows('SELECT store FROM store'), [['old']]);
  });
  await swapped;
  assert.equal(await reader.rows('SELECT store FROM store'), [['new']]);
  await reader.close();
  await fresh.close();
});

test('names: a schema that is no plain name is refused', async () => {
  const { url } = freshDatabase(server);
  for (const schema of ['a"b', 'pg_catalog', 'X', 'x'.repeat(42)])
    assert.is((await caughtFault(openDatabase(url, { schema }))).code, 'misuse');
});

test.run();
