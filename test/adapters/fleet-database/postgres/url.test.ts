import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { passwordFor } from '../../../../src/adapters/fleet-database/postgres/connection/password-file.ts';
import { readPostgresUrl } from '../../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const test = suite('connection string of PostgreSQL');

let sandbox: Sandbox;
test.before(() => {
  sandbox = createSandbox('postgres-url');
});
test.after(() => sandbox.close());

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (error) {
    assert.instance(error, Fault);
    return error as Fault;
  }
  return assert.unreachable('no fault') as never;
}

const file = (name: string, mode = 0o600) => {
  const path = join(sandbox.path, name);
  writeFileSync(path, `content of ${name}`);
  chmodSync(path, mode);
  return path;
};

test('address: host, port, user and database, and the password is never shown', () => {
  const target = readPostgresUrl('postgres://me:p%40ss@db.example:6432/fleet', {});
  assert.equal(
    [target.host, target.port, target.user, target.password, target.database],
    ['db.example', 6432, 'me', 'p@ss', 'fleet'],
  );
  assert.is(target.shown, 'postgres://me@db.example:6432/fleet');
});

test('address: a unix socket, an IPv6 address, the default port', () => {
  const socket = readPostgresUrl('postgresql://me@/fleet?host=%2Frun%2Fpostgresql&port=5433', {});
  assert.equal(
    [socket.host, socket.port, socket.shown],
    ['/run/postgresql', 5433, 'postgres://me@/run/postgresql:fleet'],
  );
  assert.equal(
    [readPostgresUrl('postgres://me@[::1]/fleet', {}).host, readPostgresUrl('postgres://me@a/b', {}).port],
    ['::1', 5432],
  );
});

test('credentials: user and password come from the environment if the string has none', () => {
  const environment = { PGUSER: 'someone', PGPASSWORD: 'secret' };
  const { user, password } = readPostgresUrl('postgres://a/b', environment);
  assert.equal([user, password], ['someone', 'secret']);
  const given = readPostgresUrl('postgres://me:own@a/b', environment);
  assert.equal([given.user, given.password], ['me', 'own']);
});

test('TLS: is verified by default, except on this machine', () => {
  assert.equal(readPostgresUrl('postgres://me@db.example/b', {}).ssl, { rejectUnauthorized: true });
  for (const local of ['localhost', '127.0.0.1', '[::1]'])
    assert.is(readPostgresUrl(`postgres://me@${local}/b`, {}).ssl, false);
  assert.is(readPostgresUrl('postgres://me@db.example/b?sslmode=disable', {}).ssl, false);
  assert.equal(readPostgresUrl('postgres://me@a/b?sslmode=require', {}).ssl, { rejectUnauthorized: false });
});

test('TLS: reads the authority and the certificate of the client', () => {
  const [ca, cert, key] = [file('ca'), file('cert', 0o644), file('key')];
  const ssl = readPostgresUrl(`postgres://me@a/b?sslrootcert=${ca}&sslcert=${cert}&sslkey=${key}`, {}).ssl;
  assert.equal(ssl, { rejectUnauthorized: true, ca: 'content of ca', cert: 'content of cert', key: 'content of key' });
});

const refused: readonly (readonly [url: string, message: string])[] = [
  ['mysql://me@a/b', 'does not have the form'],
  ['postgres://me:secret@a', 'names no database'],
  ['postgres://me:secret@/b', 'a host is missing'],
  ['postgres://me:secret@a,b/c', 'names several hosts'],
  ['postgres://me:secret@a:0/c', 'no such port'],
  ['postgres://me:secret@a b/c', 'is not a host'],
  ['postgres://me:secret@a/c?host=/run', 'names a host twice'],
  ['postgres://me:se%cret@a/c', '*** has a % that begins no escape'],
  ['postgres://me:@a/c', 'the password is empty'],
  ['postgres://me:pass@secret@a/c', 'an @ behind'],
  ['postgres://me:secret/word@a/c', 'an @ behind'],
  ['postgres://me:12/secret@a/c', 'an @ behind'],
  ['postgres://me:secret?word@a/c', 'an @ behind'],
  ['postgres://a/c?password=secret', 'password is no option'],
  ['postgres://me:secret@a/c?target_session_attrs=any', 'there is no such option'],
  ['postgres://me:secret@a/c?sslmode', 'a value is missing'],
  ['postgres://me:secret@a/c?sslmode=prefer', 'prefer is not a value'],
  ['postgres://me:secret@a/c?sslmode=disable&sslrootcert=/dev/null', 'TLS is off'],
  ['postgres://me:secret@a/c?sslmode=require&sslrootcert=/dev/null', 'has no effect with sslmode=require'],
  ['postgres://me:secret@a/c?sslrootcert=/nowhere', 'no such file'],
  ['postgres://me:secret@a/c?sslcert=/dev/null', 'sslcert and sslkey go together'],
  ['postgres://me:secret@/c?host=/run&sslmode=require', 'not available on a unix socket'],
];

for (const [url, message] of refused)
  test(`mistakes: refuses ${url}`, () => {
    const fault = faultOf(() => readPostgresUrl(url, {}));
    assert.is(fault.code, 'misuse');
    assert.ok(fault.message.includes(message), fault.message);
    assert.not.match(`${fault.message} ${fault.hint}`, 'secret');
  });

test('TLS: refuses a key that others can read', () => {
  const key = file('open-key', 0o644);
  assert.match(faultOf(() => readPostgresUrl(`postgres://me@a/b?sslcert=${key}&sslkey=${key}`, {})).hint, 'chmod 600');
});

function withPasswordFile<T>(path: string, work: () => T): T {
  process.env.PGPASSFILE = path;
  try {
    return work();
  } finally {
    delete process.env.PGPASSFILE;
  }
}

test('password file: the first line that matches counts', () => {
  const path = file('passwords');
  const lines = [
    '# a comment',
    'other:5432:fleet:me:1',
    'a\\:b:5432:fleet:me:2',
    '*:5433:*:me:3:4',
    'localhost:*:*:*:p\\:\\\\',
    'short:5432',
  ];
  writeFileSync(path, lines.join('\n'));
  const passwordOf = (host: string, port = 5432) =>
    withPasswordFile(path, () => passwordFor({ host, port, database: 'fleet', user: 'me' }));
  assert.equal(
    ['other', 'a:b', '/run/postgresql', 'none'].map((host) => passwordOf(host)),
    ['1', '2', 'p:\\', ''],
  );
  assert.is(passwordOf('any', 5433), '3');
});

test('password file: refuses one that others can read, and a missing one', () => {
  const target = { host: 'a', port: 1, database: 'b', user: 'c' };
  const open = file('open-passwords', 0o640);
  assert.match(faultOf(() => withPasswordFile(open, () => passwordFor(target))).message, 'can read it');
  assert.match(faultOf(() => withPasswordFile('/nowhere', () => passwordFor(target))).message, 'no such file');
});

test.run();
