import * as assert from 'uvu/assert';
import { openFleetRemoval } from '../../../../src/adapters/fleet-database/postgres/open-fleet-removal.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { allRows, counts, filled, ids, noRows, removal, rowsLeft } from '../../../support/fleet/filled-tables.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freshDatabase } from '../../../support/fresh-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { sampleChange } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('removal of a store from the fleet database', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

test('remove: deletes the rows of one store in every table and partition, and no other', async () => {
  const { url, sql, database, content } = await filled(server);
  await database.close();
  const stored = 'b\\\\\\0';
  const before = content(stored);
  assert.is(rowsLeft(sql, stored), allRows);
  const { store, rows } = await removal(url, ids[1] ?? '');
  assert.is(store.store, ids[1]);
  assert.is(store.node, `node-${ids[1]}`);
  assert.equal(rows, counts);
  assert.is(rowsLeft(sql, stored), noRows);
  assert.is(content(stored), before);
});

test('remove: a store that is not chosen, and a second removal, change nothing', async () => {
  const { url, sql, database, content } = await filled(server);
  await removal(url, 'a');
  const before = content('a');
  const fault = await caughtFault(removal(url, 'a'));
  assert.is(fault.code, 'missing');
  assert.is(content('a'), before);
  const [one, other] = await Promise.allSettled([removal(url, 'c'), removal(url, 'c')]);
  assert.equal([one?.status, other?.status].sort(), ['fulfilled', 'rejected']);
  assert.is(sql('SELECT count(*) FROM snapledger.store'), '1');
  await database.close();
});

test('count: says what would be deleted, changes nothing, and needs the right to read only', async () => {
  const { url, sql, name, database } = await filled(server);
  const role = `reader_${name}`;
  sql(
    `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA snapledger TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA snapledger TO ${role}`,
  );
  const reader = url.replace('postgres@', `${role}@`);
  assert.equal((await removal(reader, 'a', 'count')).rows, counts);
  const fault = await caughtFault(removal(reader, 'a'));
  assert.is(fault.code, 'unsupported');
  assert.match(fault.message, 'permission denied');
  await database.apply(sampleChange(4));
  assert.is(rowsLeft(sql, 'a'), allRows);
  await database.close();
});

test('open: without an index, or without the right to use it, says what to do', async () => {
  const { url, sql, name } = freshDatabase(server);
  assert.match((await caughtFault(openFleetRemoval(url))).hint, 'snapledger fleet index');
  await (await openDatabase(url)).close();
  sql(`CREATE ROLE nobody_${name} LOGIN`);
  const fault = await caughtFault(openFleetRemoval(url.replace('postgres@', `nobody_${name}@`)));
  assert.match(fault.hint, 'GRANT USAGE ON SCHEMA snapledger');
});

test.run();
