import { chmodSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { checkServer, openSession } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { openFleetDatabase } from '../../../../src/adapters/fleet-database/postgres/fleet-database.ts';
import { Fault, type FaultCode } from '../../../../src/ports/fault.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { freePort } from '../../../support/free-port.ts';
import { createFront } from '../../../support/kurrent/front.ts';
import { createLoop } from '../../../support/loop.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../../support/postgres.ts';
import { requireFileSystem, requireRoot, suiteNeeding } from '../../../support/requirements.ts';
import { sampleChange, sampleSnapshot, sampleStore } from '../../../support/sample-fleet.ts';
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

const open = (url: string) => openFleetDatabase({ url, signal: new AbortController().signal, waiting: () => {} });

async function expectFault(url: string, code: FaultCode, message: string, hint: string): Promise<void> {
  const fault = await caughtFault(open(url));
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
    const database = await open(`${url().replace(':right', '')}?sslmode=require`);
    await database.close();
  } finally {
    delete process.env.PGPASSFILE;
    await sandbox.close();
  }
});

test('TLS: works with the authority of the certificate', async () => {
  const database = await open(`${url()}?sslmode=verify-full&${trusted()}`);
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
  const database = await open(`${renamed}?sslmode=verify-ca&${trusted()}`);
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

test('lost connection: a cut in the middle leaves nothing of a change, and a new connection goes on', async () => {
  const plain = await startPostgres();
  const front = await createFront(plain.port);
  try {
    const through = plain.url.replace(`:${plain.port}`, `:${front.port}`);
    const database = await open(through);
    await database.apply(sampleChange(1, { stores: [sampleStore('a')] }));
    front.cut();
    const fault = await caughtFault(database.apply(sampleChange(2, { stores: [sampleStore('b')] })));
    assert.is(fault.code, 'io');
    assert.is((await caughtFault(database.snapshots([{ store: 'a', id: 1 }]))).code, 'io');
    await database.close();
    const again = await open(through);
    assert.is((await again.progress()).at?.commit, 1n);
    await again.apply(sampleChange(2, { stores: [sampleStore('b')] }));
    await again.close();
  } finally {
    await front.close();
    await plain.end();
  }
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

test('silent server: a call ends after its limit, and a close does not wait for it', async () => {
  const plain = await startPostgres();
  const session = await openSession(readPostgresUrl(plain.url), { schema: 'x', application: 'test', limit: 300 });
  const [[backend] = []] = await session.rows('SELECT pg_backend_pid()');
  process.kill(Number(backend), 'SIGSTOP');
  try {
    const fault = await caughtFault(session.run('SELECT 1'));
    assert.is(fault.code, 'io');
    assert.match(fault.message, 'no answer within 0.3 s');
    await session.close();
  } finally {
    process.kill(Number(backend), 'SIGCONT');
    await plain.end();
  }
});

test('server killed: what was applied is there after its restart', async () => {
  const plain = await startPostgres();
  try {
    const database = await open(plain.url);
    await database.apply(sampleChange(1, { snapshots: [sampleSnapshot('a', 1)] }));
    await plain.kill();
    assert.is((await caughtFault(database.apply(sampleChange(2)))).code, 'io');
    await database.close();
    await plain.start();
    const again = await open(plain.url);
    assert.is((await again.progress()).at?.commit, 1n);
    assert.is((await again.snapshots([{ store: 'a', id: 1 }])).length, 1);
    await again.close();
  } finally {
    await plain.end();
  }
});

test.run();

const onLoop = suiteNeeding(
  'full disk of the fleet database',
  requirePostgres(),
  requireRoot(),
  requireFileSystem('ext4'),
);

onLoop('a change that does not fit leaves nothing, and is applied once there is space', async () => {
  const loop = createLoop('ext4', { megabytes: 160 });
  const data = join(loop.path, 'data');
  for (const folder of [loop.path, dirname(loop.path)]) chmodSync(folder, 0o755);
  const small = await startPostgres({ data, settings: ['min_wal_size = 32MB', 'max_wal_size = 32MB'] });
  try {
    const database = await open(small.url);
    await database.apply(sampleChange(1, { stores: [sampleStore('a')] }));
    const { bavail, bsize } = statfsSync(loop.path);
    const free = Number(bavail) * bsize;
    const ballast = join(loop.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(free - (2 << 20)));
    const snapshots = Array.from({ length: 20_000 }, (_, id) => sampleSnapshot('a', id));
    const fault = await caughtFault(database.apply(sampleChange(2, { snapshots })));
    assert.is(fault.code, 'no-space', fault.message);
    assert.match(fault.hint, 'free space');
    await database.close();
    writeFileSync(ballast, '');
    const again = await open(small.url);
    assert.is((await again.progress()).at?.commit, 1n);
    await again.apply(sampleChange(2, { snapshots }));
    assert.is(small.sql('SELECT count(*) FROM snapledger.snapshot'), '20000');
    await again.close();
  } finally {
    await small.end();
    loop.end();
  }
});

onLoop.run();
