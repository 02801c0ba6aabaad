import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding('documented tables of the fleet', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres();
  await (await openDatabase(server.url)).close();
});
test.after(() => server.end());

const chapter = readFileSync('FORMAT.md', 'utf8').split("\n## The fleet's tables\n")[1]?.split('\n## ')[0] ?? '';

/** `table.column type` of every documented column: `a`, `b` share a type, or have one each. */
function documented(): readonly string[] {
  const found: string[] = [];
  let table = '';
  for (const line of chapter.split('\n')) {
    table = /^`(\w+)`:/.exec(line)?.[1] ?? table;
    const [, names = '', types = ''] = /^\| (`.*?) +\| (.*?) +\|/.exec(line) ?? [];
    const columns = [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const each = types.split(', ');
    for (const [at, column] of columns.entries()) found.push(`${table}.${column} ${each[at] ?? each[0]}`);
    if (table === 'migration' && line.startsWith('`migration`'))
      for (const [, column, type] of line.matchAll(/`(\w+)` \((\w+)\)/g)) found.push(`migration.${column} ${type}`);
  }
  return found.sort();
}

test('columns: the documented ones are those of the database, with their types', () => {
  const present = server.sql(`
    SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'snapledger'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND attnum > 0 AND NOT attisdropped`);
  const short = (type: string) =>
    type.replace('timestamp with time zone', 'timestamptz').replace('boolean', 'bool').replace('integer', 'int');
  assert.equal(documented(), present.split('\n').map(short).sort());
});

test('texts: every one is compared as bytes', () => {
  const other = server.sql(`
    SELECT attrelid::regclass || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'snapledger'::regnamespace AND relkind IN ('r', 'p') AND atttypid IN ('text'::regtype, 'text[]'::regtype)
      AND attnum > 0 AND attcollation <> '"C"'::regcollation AND relname <> 'migration'`);
  assert.is(other, '');
});

test('reader: the documented rights are enough to read every column, and nothing else', () => {
  const [, grants = ''] = /`(GRANT USAGE .*?)`/s.exec(chapter) ?? [];
  server.sql(`CREATE ROLE reader LOGIN; ${grants}`);
  const tables = ['progress', 'store', 'snapshot', 'incident', 'usage_daily', 'image', 'kept_event', 'migration'];
  const as = (sql: string) => server.sql(`SET ROLE reader; ${sql}`);
  for (const table of tables) {
    as(`SELECT * FROM snapledger.${table}`);
    assert.throws(() => as(`DELETE FROM snapledger.${table}`), /permission denied/);
  }
});

test.run();
