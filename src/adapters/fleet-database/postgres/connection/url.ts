import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { errorText, Fault } from '../../../../ports/fault.ts';

/** A validated connection string, and its form without password for messages. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** undefined: from the password file, if it has one */
  readonly password: string | undefined;
  readonly ssl: false | TlsOptions;
  /** milliseconds for a connection */
  readonly timeout: number;
  readonly shown: string;
}

interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** `verify-ca`: the name in the certificate may be another */
  readonly checkServerIdentity?: () => undefined;
}

const example = 'postgres://snapledger@db.example:5432/fleet?sslmode=verify-full&sslrootcert=/etc/snapledger/ca.crt';
const form = /^(?:postgres|postgresql):\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/;

/** The options of a string, and the patterns of their values. */
const options: Readonly<Record<string, RegExp>> = {
  sslmode: /^(disable|require|verify-ca|verify-full)$/,
  sslrootcert: /./,
  sslcert: /./,
  sslkey: /./,
  host: /^\//,
  port: /^\d+$/,
  connect_timeout: /^[1-9]\d{0,3}$/,
};

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Validates a connection string of PostgreSQL. A name or password that it lacks comes from PGUSER and PGPASSWORD. Throws a Fault (`misuse`) that never shows the password.
 */
export function readPostgresUrl(text: string, environment: Environment = process.env): Target {
  const match = form.exec(text.trim());
  if (match === null) throw wrong('it does not have the form postgres://user@host:port/database');
  const [, credentials = '', address = '', path = '', query = ''] = match;
  // Else messages would show the parts of a password that are taken for a host, a database or an option.
  if (`${address}${path}${query}`.includes('@'))
    throw wrong(
      'there is an @ behind the name and the password',
      'write @, / and ? in a password as %40, %2F and %3F, and @ elsewhere as %40',
    );
  const given = readOptions(query);
  const { host, port } = readAddress(address, given);
  const [user, password] = readCredentials(credentials, environment);
  const database = decode(path, 'the database');
  if (database === '' || database.includes('/')) throw wrong('it names no database', `add /NAME, as in ${example}`);
  return {
    ...{ host, port, user, database, password },
    ssl: readTls(host, given),
    timeout: Number(given.get('connect_timeout') ?? 10) * 1000,
    shown: `postgres://${user}@${host.startsWith('/') ? `${host}:` : `${host}:${port}/`}${database}`,
  };
}

function readOptions(query: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [, name = pair, value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
    const expected = Object.hasOwn(options, name) ? options[name] : undefined;
    if (name === 'password') throw wrong('password is no option', 'write it as user:password@');
    if (expected === undefined)
      throw wrong(`${name}: there is no such option here`, `known: ${Object.keys(options).join(', ')}`);
    const decoded = decode(value, name);
    if (!expected.test(decoded))
      throw wrong(
        `${name}: ${value === '' ? 'a value is missing' : `${value} is not a value for it`}`,
        name === 'sslmode'
          ? 'use verify-full, verify-ca, require or disable: others may give up encryption unnoticed'
          : undefined,
      );
    given.set(name, decoded);
  }
  return given;
}

function readAddress(address: string, given: ReadonlyMap<string, string>): { host: string; port: number } {
  if (address.includes(',')) throw wrong('it names several hosts', 'name one: the address that leads to the primary');
  const folder = given.get('host');
  const [, name, bare, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]*))(?::(\d+))?$/.exec(address) ?? [];
  const host = name ?? bare;
  if (host === undefined) throw wrong(`${address} is not a host`, `write host:port, as in ${example}`);
  if (folder !== undefined && host !== '') throw wrong('it names a host twice');
  if (folder === undefined && host === '')
    throw wrong('a host is missing', `example: ${example}; for a unix socket add ?host=/run/postgresql`);
  const port = Number(digits ?? given.get('port') ?? 5432);
  if (port < 1 || port > 65535) throw wrong(`${port}: there is no such port`);
  return { host: folder ?? host, port };
}

function readCredentials(credentials: string, environment: Environment): readonly [string, string | undefined] {
  const [, name = credentials, secret] = /^([^:]*):(.*)$/s.exec(credentials) ?? [];
  if (secret === '') throw wrong('the password is empty', 'leave the colon out if there is none');
  const user = decode(name, 'the user') || environment.PGUSER || userInfo().username;
  return [user, secret === undefined ? environment.PGPASSWORD : decode(secret, 'the password', '***')];
}

function readTls(host: string, given: ReadonlyMap<string, string>): Target['ssl'] {
  const local = host.startsWith('/') || /^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host);
  const mode = given.get('sslmode') ?? (local ? 'disable' : 'verify-full');
  const [ca, cert, key] = ['sslrootcert', 'sslcert', 'sslkey'].map((name) => readOption(name, given));
  if (mode === 'disable') {
    if (ca !== undefined || cert !== undefined)
      throw wrong('it names certificates, and TLS is off', 'set sslmode=verify-full');
    return false;
  }
  if (host.startsWith('/')) throw wrong('TLS is not available on a unix socket', 'remove sslmode');
  if ((cert === undefined) !== (key === undefined)) throw wrong('sslcert and sslkey go together');
  if (mode === 'require' && ca !== undefined)
    throw wrong('sslrootcert has no effect with sslmode=require', 'set sslmode=verify-full');
  return {
    rejectUnauthorized: mode !== 'require',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  };
}

function readOption(name: string, given: ReadonlyMap<string, string>): string | undefined {
  const path = given.get(name);
  if (path === undefined) return undefined;
  try {
    if (name === 'sslkey' && (statSync(path).mode & 0o077) !== 0)
      throw wrong(`${path}: other users can read the key`, `chmod 600 ${path}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw error instanceof Fault ? error : wrong(`${name}: ${errorText(error)}`);
  }
}

function decode(text: string, what: string, shown = text): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(`${what}: ${shown} has a % that begins no escape`, 'write % as %25');
  }
}

/** The fault for a mistake in a connection string, or in what belongs to it. */
export const wrong = (what: string, hint = `example: ${example}`) =>
  new Fault('misuse', `connection string of PostgreSQL: ${what}`, { hint });
