import * as assert from 'uvu/assert';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freshDatabase } from '../../../support/fresh-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { nanos, sampleChange, sampleSnapshot } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('partitions of the fleet database', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

const removedAt = (id: number, time: string) =>
  sampleSnapshot('a', id, { removed: nanos(time), ended: 'removed', fold: null });

test('partitions: final rows go to their month, those of wrong clocks to one of their own', async () => {
  const { url, sql } = freshDatabase(server);
  const database = await openDatabase(url);
  const thisMonth = new Date().toISOString().slice(0, 7);
  const snapshots = [
    sampleSnapshot('a', 1),
    sampleSnapshot('a', 2, { removed: nanos('2026-05-01T00:00:00Z'), ended: 'removed', retained: true }),
    removedAt(3, '2026-05-31T23:59:59.999999999Z'),
    removedAt(4, '2026-06-01T00:00:00Z'),
    removedAt(5, `${thisMonth}-01T00:00:00Z`),
    removedAt(6, '1970-01-01T00:00:00Z'),
    removedAt(7, '2099-01-01T00:00:00Z'),
    removedAt(8, '9999-12-31T23:59:59.999999Z'),
  ];
  await database.apply(sampleChange(1, { snapshots }));
  await database.apply(sampleChange(2, { snapshots: [removedAt(1, '2026-06-02T00:00:00Z')] }));
  const month = (name: string) => `snapshot_removed_${name}`;
  const current = thisMonth.replace('-', '_');
  assert.is(
    sql('SELECT tableoid::regclass, id FROM snapledger.snapshot ORDER BY id').replaceAll('snapledger.', ''),
    [
      `${month('2026_06')}|1`,
      'snapshot_current|2',
      `${month('2026_05')}|3`,
      `${month('2026_06')}|4`,
      `${month(current)}|5`,
      ...[6, 7, 8].map((id) => `${month('other')}|${id}`),
    ].join('\n'),
  );
  await database.close();
});

test('partitions: rows that were too early for a month are moved when it comes', async () => {
  const { url, sql } = freshDatabase(server);
  const database = await openDatabase(url);
  await database.apply(sampleChange(1, { snapshots: [removedAt(1, '2026-03-05T00:00:00Z')] }));
  sql(`ALTER TABLE snapledger.snapshot DETACH PARTITION snapledger.snapshot_removed_2026_03;
    INSERT INTO snapledger.snapshot SELECT * FROM snapledger.snapshot_removed_2026_03; DROP TABLE snapledger.snapshot_removed_2026_03`);
  assert.is(sql('SELECT count(*) FROM snapledger.snapshot_removed_other'), '1');
  await database.close();
  const again = await openDatabase(url);
  await again.apply(sampleChange(2, { snapshots: [removedAt(2, '2026-03-06T00:00:00Z')] }));
  assert.is(sql('SELECT count(*) FROM snapledger.snapshot_removed_2026_03'), '2');
  assert.is(sql('SELECT count(*) FROM snapledger.snapshot_removed_other'), '0');
  await again.close();
});

test('partitions: months that ended before a time are dropped, and old rows of wrong clocks', async () => {
  const { url, sql } = freshDatabase(server);
  const database = await openDatabase(url);
  const times = ['2026-04-30T00:00:00Z', '2026-05-31T00:00:00Z', '1970-01-02T00:00:00Z', '2099-01-01T00:00:00Z'];
  await database.apply(
    sampleChange(1, { snapshots: [sampleSnapshot('a', 9), ...times.map((time, id) => removedAt(id, time))] }),
  );
  assert.equal(await database.dropRemovedBefore(nanos('2026-05-20T00:00:00Z')), ['2026_04']);
  assert.is(sql("SELECT string_agg(id::text, ',' ORDER BY id) FROM snapledger.snapshot"), '1,3,9');
  await database.apply(sampleChange(2, { snapshots: [removedAt(10, '2026-04-01T00:00:00Z')] }));
  assert.is(sql('SELECT count(*) FROM snapledger.snapshot_removed_2026_04'), '1');
  await database.close();
});

test('partitions: those of removed rows are not read for rows that exist', async () => {
  const { url, sql } = freshDatabase(server);
  const database = await openDatabase(url);
  await database.apply(sampleChange(1, { snapshots: [sampleSnapshot('a', 1), removedAt(2, '2026-05-02T00:00:00Z')] }));
  await database.close();
  const plan = sql("SET search_path = snapledger; EXPLAIN SELECT count(*) FROM snapshot WHERE removed = 'infinity'");
  assert.match(plan, 'snapshot_current');
  assert.not.match(plan, 'snapshot_removed');
});

test.run();
