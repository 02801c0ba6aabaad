import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { checkServer, openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { Fault, type FaultCode } from '../../../../src/ports/fault.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { openDatabase } from '../../../support/fleet/open-database.ts';
import { freePort } from '../../../support/free-port.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const test = suiteNeeding('faults of the fleet database', requirePostgres());

let server: Postgres;
test.before(async () => {
  server = await startPostgres({ tls: true });
  server.sql(
    "CREATE ROLE indexer LOGIN PASSWORD 'right'; CREATE DATABASE fleet OWNER indexer; CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
  );
});
test.after(() => server.end());

async function expectFault(url: string, code: FaultCode, message: string, hint: string): Promise<void> {
  const fault = await caughtFault(openDatabase(url));
  assert.is(fault.code, code, fault.message);
  assert.ok(fault.message.includes(message), fault.message);
  assert.ok(fault.hint.includes(hint), fault.hint);
  assert.not.match(`${fault.message} ${fault.hint}`, /wrong-secret|:right@/);
}

const url = (password = 'right', database = 'fleet') => server.urlOf('indexer', password, database);
const trusted = () => `sslrootcert=${server.folder}/ca.crt`;

test('credentials: a wrong password, and none, are final', async () => {
  await expectFault(
    `${url('wrong-secret')}?sslmode=require`,
    'unsupported',
    'password authentication failed',
    'PGPASSFILE',
  );
  const none = `${url().replace(':right', '')}?sslmode=require`;
  await expectFault(none, 'unsupported', 'asks for a password, and none is given', 'PGPASSFILE');
});

test('credentials: a password file is used', async () => {
  const sandbox = createSandbox('passwords');
  const path = join(sandbox.path, 'file');
  writeFileSync(path, `localhost:${server.port}:fleet:indexer:right\n`, { mode: 0o600 });
  process.env.PGPASSFILE = path;
  try {
    const database = await openDatabase(`${url().replace(':right', '')}?sslmode=require`);
    await database.close();
  } finally {
    delete process.env.PGPASSFILE;
    await sandbox.close();
  }
});

test('TLS: works with the authority of the certificate', async () => {
  const database = await openDatabase(`${url()}?sslmode=verify-full&${trusted()}`);
  assert.equal(await database.progress(), { at: undefined, stores: [] });
  await database.close();
});

test('TLS: an unknown authority, a certificate of another name, a connection without TLS', async () => {
  await expectFault(`${url()}?sslmode=verify-full`, 'unsupported', 'certificate', 'sslrootcert');
  const renamed = url().replace('localhost', '127.0.0.1');
  await expectFault(
    `${renamed}?sslmode=verify-full&${trusted()}`,
    'unsupported',
    "IP: 127.0.0.1 is not in the cert's list",
    'sslrootcert',
  );
  const database = await openDatabase(`${renamed}?sslmode=verify-ca&${trusted()}`);
  await database.close();
  await expectFault(`${url()}?sslmode=disable`, 'unsupported', 'no encryption', 'sslmode=verify-full');
});

test('databases: one that does not exist, or is not in UTF8', async () => {
  await expectFault(
    `${url('right', 'nowhere')}?sslmode=require`,
    'misuse',
    'database "nowhere" does not exist',
    'createdb',
  );
  await expectFault(
    server.url.replace(/postgres$/, 'latin?sslmode=require'),
    'unsupported',
    'encoding is LATIN1',
    'encoding=UTF8',
  );
});

test('rights: a role that may not create the tables', async () => {
  await expectFault(
    `${url('right', 'postgres')}?sslmode=require`,
    'unsupported',
    'permission denied for database',
    'own the schema',
  );
});

test('servers: none at the address, and one that speaks no TLS', async () => {
  await expectFault(`postgres://a@127.0.0.1:${await freePort()}/b`, 'io', 'ECONNREFUSED', 'check that PostgreSQL runs');
  await expectFault('postgres://a@/b?host=/nowhere', 'io', '/nowhere', 'check that PostgreSQL runs');
  const plain = await startPostgres();
  await expectFault(`${plain.url}?sslmode=require`, 'unsupported', 'speaks no TLS', 'sslmode=disable');
  await plain.end();
});

test('standby: is read-only, and may be tried again', async () => {
  server.sql('ALTER ROLE indexer IN DATABASE fleet SET default_transaction_read_only = on');
  server.sql('DROP SCHEMA IF EXISTS snapledger CASCADE', 'fleet');
  await expectFault(`${url()}?sslmode=require`, 'read-only', 'read-only transaction', 'primary');
  server.sql('ALTER ROLE indexer IN DATABASE fleet RESET default_transaction_read_only');
});

test('errors of the server: those of a moment are retried, damaged data is final', async () => {
  const session = await openSession(readPostgresUrl(server.socketUrl), { schema: 'public', application: 'test' });
  const expected: readonly (readonly [state: string, code: FaultCode, hint: string])[] = [
    ['XX000', 'io', 'if it remains'],
    ['XX001', 'corrupt', 'damaged data'],
    ['XX002', 'corrupt', 'REINDEX'],
    ['25P03', 'io', 'idle_in_transaction_session_timeout'],
    ['55006', 'busy', 'try again'],
    ['57014', 'busy', 'statement_timeout'],
    ['58030', 'io', 'its disk'],
    ['23505', 'unsupported', 'changed by hand'],
  ];
  for (const [state, code, hint] of expected) {
    const fault = await caughtFault(session.run(`DO $$ BEGIN RAISE SQLSTATE '${state}'; END $$`));
    assert.is(fault.code, code, state);
    assert.ok(fault.hint.includes(hint), `${state}: ${fault.hint}`);
  }
  await session.close();
});

test('server too old: is refused with the versions that work', () => {
  checkServer('here', 14, 'UTF8');
  try {
    checkServer('here', 13, 'UTF8');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, Fault);
    const { code, message, hint } = error as Fault;
    assert.equal(
      [code, message, hint],
      ['unsupported', 'here: the server is PostgreSQL 13', 'use version 14 or later'],
    );
  }
});

test.run();
