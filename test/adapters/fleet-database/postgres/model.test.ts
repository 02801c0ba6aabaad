import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { openSession, type Session } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import type { FleetChange, FleetDatabase } from '../../../../src/ports/fleet-database.ts';
import {
  changeOf,
  emptyModel,
  isFinal,
  keyOf,
  type Model,
  names,
  type Row,
  step,
  type TableName,
  tables,
  take,
} from '../../../support/arbitrary-fleet.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freshDatabase } from '../../../support/fresh-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { sampleChange } from '../../../support/sample-fleet.ts';

const test = suiteNeeding('fleet database against a model', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
});
test.after(() => server.end());

async function contentOf(session: Session, table: TableName): Promise<Map<string, Row>> {
  const { name, columns } = tables[table];
  const found = await session.rows(`SELECT ${Object.values(columns).join(', ')} FROM ${name}`);
  const fields = Object.keys(columns);
  const rowsOf = found.map((row) => Object.fromEntries(fields.map((field, at) => [field, row[at]])));
  assert.is(new Set(rowsOf.map((row) => keyOf(table, row))).size, rowsOf.length, `${name}: a key twice`);
  return new Map(rowsOf.map((row) => [keyOf(table, row), row]));
}

async function expectEqual(session: Session, database: FleetDatabase, model: Model): Promise<void> {
  for (const table of names) {
    const content = await contentOf(session, table);
    assert.equal([...content.keys()].sort(), [...model[table].keys()].sort(), table);
    for (const [key, row] of content) {
      const { wire: _, ...expected } = model[table].get(key) ?? {};
      assert.equal(row, expected, `${table} ${key}`);
    }
  }
  const open = [...model.snapshots.values()].filter(({ fold }) => fold !== null);
  const read = await database.snapshots(
    [...model.snapshots.values()].map(({ store, id }) => ({ store: String(store), id: Number(id) })),
  );
  assert.is(read.length, open.length);
  for (const snapshot of read)
    assert.equal(snapshot, { ...model.snapshots.get(keyOf('snapshots', snapshot as unknown as Row)) });
  const usage = [...model.usage.values()] as unknown as FleetChange['usage'];
  assert.equal(
    new Set((await database.usage(usage)).map((row) => JSON.stringify(row))),
    new Set(usage.map((row) => JSON.stringify(row))),
  );
  const images = [...model.images.values()] as unknown as FleetChange['images'];
  assert.is((await database.images(images)).length, images.length);
}

test('rows: random changes in random batches are those of a plain model', async () => {
  const { url, sql } = freshDatabase(server);
  const open = () => openDatabase(url);
  let database = await open();
  const session = await openSession(readPostgresUrl(url), {
    ...{ schema: 'snapledger', application: 'test', jsonAsText: true },
  });
  let at = 0;
  const everything = { restarted: ['a', 'b', 'c'] };
  await fc
    .assert(
      fc.asyncProperty(
        fc.array(fc.array(step, { maxLength: 25, size: 'max' }), { maxLength: 8, size: 'max' }),
        async (batches) => {
          const model = emptyModel();
          await database.apply(sampleChange(++at, everything));
          for (const steps of batches) {
            await database.apply(changeOf(steps, model, ++at));
            for (const each of steps)
              take(model, each, (key) => isFinal(model.snapshots.get(key) ?? { removed: null }));
          }
          await expectEqual(session, database, model);
        },
      ),
      { numRuns: 15 },
    )
    .catch(async (error) => {
      await database.close();
      throw error.cause ?? error;
    });
  await database.apply(sampleChange(++at, everything));
  await database.close();
  database = await open();
  assert.is((await database.progress()).at?.commit, BigInt(at));
  assert.is(sql('SELECT (SELECT count(*) FROM snapledger.snapshot) + (SELECT count(*) FROM snapledger.store)'), '0');
  await Promise.all([database.close(), session.close()]);
});

test.run();
