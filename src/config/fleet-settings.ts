import { existsSync } from 'node:fs';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Fault } from '../ports/fault.ts';
import type { LogLevel } from './config.ts';
import { decodeTable } from './settings.ts';
import { hasPassword, readSettingsFile } from './settings-file.ts';
import { AbsolutePath, type Address, Loopback, OneOf, Period, Text } from './values.ts';

/** Read if no other file is named, and if it exists. */
export const defaultFleetFile = '/etc/snapledger/fleet.toml';

const Index = t.partial({ keep_removed: Period, listen: Loopback }, 'a table');
const Http = t.partial({ listen: Loopback, token_file: AbsolutePath }, 'a table');

/** What the settings file of the fleet, or the command line, may say: the names are those of the file. */
export const FleetKeys = t.partial(
  {
    cluster: Text,
    database: Text,
    index: Index,
    http: Http,
    log_level: OneOf('debug', 'info', 'warn', 'error'),
  },
  'a table',
);
type FleetKeys = t.TypeOf<typeof FleetKeys>;

/** Settings of the commands of the fleet. */
export interface FleetSettings {
  /** connection string of the KurrentDB cluster that all stores are forwarded to */
  readonly cluster: string | undefined;
  /** connection string of the PostgreSQL database with the index */
  readonly database: string | undefined;
  readonly index: {
    /** milliseconds that removed snapshots stay in the index; undefined: without end */
    readonly keepRemoved: number | undefined;
    /** metrics and health of the indexer on loopback TCP; null: none */
    readonly listen: Address | null;
  };
  /** the questions over HTTP on loopback TCP */
  readonly http: { readonly listen: Address | null; readonly tokenFile: string | null };
  readonly logLevel: LogLevel;
}

export interface FleetSources {
  /** the settings file; default: `defaultFleetFile` if it exists */
  readonly file?: string | undefined;
  /** what the command line says; undefined values say nothing */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** options of the command line by key, for errors; default: `--` and the key */
  readonly names?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const variables = { cluster: 'SNAPLEDGER_FLEET_CLUSTER', database: 'SNAPLEDGER_FLEET_DATABASE' } as const;

/**
 * Flags over the environment over the file over the defaults. Throws a Fault (`misuse`) that names the flag, variable or file
 * and key. Nothing that it throws shows a password. A password in a flag is refused, and one in a file that others can read.
 */
export function loadFleetSettings({
  file,
  flags = {},
  names = {},
  environment = process.env,
}: FleetSources): FleetSettings {
  const optionOf = (key: string) => names[key] ?? `--${key.replaceAll(/[._]/g, '-')}`;
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const flag = decoded(given, (text) => text.replace(/^[^:]*/, optionOf), 'see --help for the options');
  for (const key of ['cluster', 'database'] as const) refuseVisiblePassword(optionOf(key), key, flag[key]);
  const read = fromFile(file ?? (existsSync(defaultFleetFile) ? defaultFleetFile : undefined), environment);
  const text = (key: 'cluster' | 'database') => flag[key] ?? (environment[variables[key]] || undefined) ?? read[key];
  const [index, http] = [
    { ...read.index, ...flag.index },
    { ...read.http, ...flag.http },
  ];
  return {
    cluster: text('cluster'),
    database: text('database'),
    index: { keepRemoved: index.keep_removed, listen: index.listen ?? null },
    http: { listen: http.listen ?? null, tokenFile: http.token_file ?? null },
    logLevel: flag.log_level ?? read.log_level ?? 'info',
  };
}

/** A connection string that a command can't do without. Throws a Fault (`misuse`) that says how to set it. */
export function required(settings: FleetSettings, key: 'cluster' | 'database', option = `--${key}`): string {
  const text = settings[key];
  if (text !== undefined) return text;
  const what = key === 'cluster' ? 'the KurrentDB cluster of the fleet' : "the fleet's PostgreSQL database";
  throw new Fault('misuse', `${what} is not set`, {
    hint: `set ${option}, ${variables[key]}, or ${key} in ${defaultFleetFile}`,
  });
}

/** systemd sees to the permissions of credentials that it loads for a unit; their modes say otherwise. */
function fromFile(
  file: string | undefined,
  { CREDENTIALS_DIRECTORY: credentials }: NonNullable<FleetSources['environment']>,
): FleetKeys {
  if (file === undefined) return {};
  const { values, mode } = readSettingsFile(file);
  const read = decoded(values, (text) => `${file}: ${text}`, `correct ${file}; OPERATIONS.md lists every key`);
  const loaded = credentials !== undefined && file.startsWith(`${credentials}/`);
  if (!loaded && (mode & 0o077) !== 0 && [read.cluster, read.database].some(hasPassword))
    throw new Fault('misuse', `${file}: it has a password, and other users can read it`, { hint: `chmod 600 ${file}` });
  return read;
}

function decoded(input: unknown, about: (text: string) => string, hint: string): FleetKeys {
  const keys = decodeTable(FleetKeys, input);
  if (either.isRight(keys)) return keys.right;
  throw new Fault('misuse', about(keys.left), { hint });
}

function refuseVisiblePassword(option: string, key: keyof typeof variables, text: string | undefined): void {
  if (!hasPassword(text)) return;
  throw new Fault('misuse', `${option}: it has a password, and all users of this machine can see arguments (ps)`, {
    hint: `set ${variables[key]}, or ${key} in ${defaultFleetFile} (mode 0600)`,
  });
}
