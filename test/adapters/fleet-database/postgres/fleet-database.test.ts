import * as assert from 'uvu/assert';
import type { FleetDatabase } from '../../../../src/ports/fleet-database.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freshDatabase } from '../../../support/fresh-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('fleet database', requirePostgres());

let server: Postgres;

test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

/** A database of its own for one test. */
async function withDatabase(
  work: (database: FleetDatabase, sql: (text: string) => string) => Promise<void>,
): Promise<void> {
  const { url, sql } = freshDatabase(server);
  const database = await openDatabase(url);
  try {
    await work(database, sql);
  } finally {
    await database.close();
  }
}

test('progress: is empty at first, and after a change what the change says', () =>
  withDatabase(async (database) => {
    assert.equal(await database.progress(), { at: undefined, stores: [] });
    const stores = [sampleStore('a'), sampleStore('b', { rootBytes: null, lastEvent: null, fold: null })];
    await database.apply(sampleChange(2 ** 40, { stores }));
    const progress = await database.progress();
    assert.equal(progress.at, { commit: 2n ** 40n, prepare: 2n ** 40n });
    assert.equal(
      [...progress.stores].sort((a, b) => (a.store < b.store ? -1 : 1)),
      stores,
    );
  }));

test('snapshots: are read as they were written, and only those with a fold', () =>
  withDatabase(async (database) => {
    const snapshots = [
      sampleSnapshot('a', 1, { lastUsed: nanos('2026-11-28T19:30:00.654321Z'), diffId: 'sha256:00' }),
      sampleSnapshot('a', 2, {
        bytes: null,
        inodes: null,
        prepared: null,
        committed: null,
        parent: 'k8s.io/1/x',
        parentId: 1,
      }),
      sampleSnapshot('a', 3, { removed: nanos('2026-11-28T20:00:00Z'), ended: 'removed', retained: true }),
      sampleSnapshot('a', 4, { removed: nanos('2026-11-28T20:00:00Z'), ended: 'undone', fold: null }),
      sampleSnapshot('b', 1),
    ];
    await database.apply(sampleChange(1, { snapshots }));
    const ids = snapshots.map(({ store, id }) => ({ store, id }));
    const found = await database.snapshots([...ids, { store: 'c', id: 1 }]);
    assert.equal(
      [...found].sort((a, b) => (a.store + a.id < b.store + b.id ? -1 : 1)),
      [0, 1, 2, 4].map((at) => snapshots[at]),
    );
    assert.is((await database.snapshotsOf('a')).length, 3);
  }));

test('apply: refuses a change if another process has moved the position', () =>
  withDatabase(async (database, sql) => {
    await database.apply(sampleChange(1));
    sql('UPDATE snapledger.progress SET commit_position = 7');
    const fault = await caughtFault(database.apply(sampleChange(2, { stores: [sampleStore('a')] })));
    assert.is(fault.code, 'busy');
    assert.is(sql('SELECT count(*) FROM snapledger.store'), '0');
    await database.progress();
    await database.apply(sampleChange(8));
  }));

test.run();
