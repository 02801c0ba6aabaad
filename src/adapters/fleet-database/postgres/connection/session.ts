import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Fault } from '../../../../ports/fault.ts';
import { postgresFault } from './faults.ts';
import { passwordFor } from './password-file.ts';
import { fromText, fromTime } from './text.ts';
import type { Target } from './url.ts';

/** The oldest server that the tables and statements work with. */
const oldest = 14;

/** Settings of a session that writes: a client or server that is gone is noticed by the other side within half a minute. */
export const keepalives = { tcp_keepalives_idle: '10', tcp_keepalives_interval: '5', tcp_keepalives_count: '3' };

/** One connection to the database. A lost one stays lost: every call rejects then. */
export interface Session {
  /** where it leads, without a password */
  readonly where: string;
  /** Rows as arrays, in the order of the statement's columns. A statement with a name is prepared once. */
  rows(text: string, values?: readonly unknown[], name?: string): Promise<readonly (readonly unknown[])[]>;
  /** Number of rows that a statement concerned. */
  run(text: string, values?: readonly unknown[], name?: string): Promise<number>;
  /** `COPY … FROM STDIN` with data in text format. */
  copy(text: string, data: Iterable<Buffer>): Promise<void>;
  /** Commits if `work` resolves, else rolls back. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /** Ends within two seconds, also if the server does not answer. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** first in the search path */
  readonly schema: string;
  /** as `pg_stat_activity` shows it */
  readonly application: string;
  /** settings of the session */
  readonly settings?: Readonly<Record<string, string>>;
  /** JSON as its text; default: parsed */
  readonly jsonAsText?: boolean;
  /** milliseconds after which a server that does not answer a call is given up; default: 10 minutes */
  readonly limit?: number;
  /** Once it is aborted, the session has `grace` milliseconds until it is given up; the server undoes what was not committed */
  readonly signal?: AbortSignal;
  /** default: 5 seconds */
  readonly grace?: number;
}

/** the type text[] */
const textArray = 1009;
const parseArray = pg.types.getTypeParser(textArray as never) as (text: string) => readonly string[];

/** Texts and times as `text.ts` has them, whole numbers as numbers. */
const parsers = new Map<number, (text: string) => unknown>([
  [pg.types.builtins.TEXT, fromText],
  [pg.types.builtins.TIMESTAMPTZ, fromTime],
  [pg.types.builtins.INT8, Number],
  [pg.types.builtins.DATE, (text) => text],
  [textArray, (text) => parseArray(text).map(fromText)],
]);
const typesOf = ({ jsonAsText = false }: SessionOptions): pg.CustomTypesConfig => ({
  getTypeParser: ((id: number, format?: 'text') =>
    jsonAsText && id === pg.types.builtins.JSON
      ? String
      : (parsers.get(id) ?? pg.types.getTypeParser(id, format))) as typeof pg.types.getTypeParser,
});

/**
 * Connects. Throws a Fault: `io` if the server can't be reached or is starting, `unsupported` for wrong credentials, TLS settings
 * that do not match, a server below version 14 or a database that is not in UTF8, `misuse` if there is no such database.
 */
export async function openSession(target: Target, options: SessionOptions): Promise<Session> {
  const where = target.shown;
  const { host, port, user, database, password, ssl, timeout } = target;
  const client = new pg.Client({
    ...{ host, port, user, database, ssl, types: typesOf(options) },
    password: password ?? (() => passwordFor(target)),
    application_name: options.application,
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost ??= error;
  });
  const { limit = 600_000, grace = 5_000, signal } = options;
  const giveUpAfter = (milliseconds: number, when: string) =>
    setTimeout(() => {
      lost ??= new Error(`no answer within ${milliseconds / 1000} s${when}`);
      destroy(client);
    }, milliseconds);
  const release = onceAborted(signal, () => giveUpAfter(grace, ' of the stop'));
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    const timer = giveUpAfter(limit, '');
    try {
      if (lost !== undefined) throw lost;
      return await work();
    } catch (error) {
      throw postgresFault(lost ?? error, where);
    } finally {
      clearTimeout(timer);
    }
  };
  const session = sessionOver(client, { where, attempt, isLost: () => lost !== undefined, release });
  try {
    await attempt(() => client.connect());
    await configure(session, options);
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

/** Starts a timer once a signal is aborted. Returns a function that stops it. */
function onceAborted(signal: AbortSignal | undefined, start: () => NodeJS.Timeout): () => void {
  let timer: NodeJS.Timeout | undefined;
  const aborted = () => {
    timer = start();
  };
  if (signal?.aborted) aborted();
  else signal?.addEventListener('abort', aborted, { once: true });
  return () => {
    signal?.removeEventListener('abort', aborted);
    clearTimeout(timer);
  };
}

interface Guard {
  readonly where: string;
  attempt<T>(work: () => Promise<T>): Promise<T>;
  isLost(): boolean;
  release(): void;
}

function sessionOver(client: pg.Client, { where, attempt, isLost, release }: Guard): Session {
  const query = (text: string, values: readonly unknown[], name: string | undefined) =>
    attempt(() => client.query({ text, values: [...values], rowMode: 'array', ...(name !== undefined && { name }) }));
  const run: Session['run'] = async (text, values = [], name = undefined) =>
    (await query(text, values, name)).rowCount ?? 0;
  return {
    where,
    run,
    rows: async (text, values = [], name = undefined) => (await query(text, values, name)).rows,
    copy: (text, data) => attempt(() => pipeline(Readable.from(data), client.query(copyFrom(text)))),
    transaction: async (work) => {
      await run('BEGIN');
      try {
        const result = await work();
        await run('COMMIT');
        return result;
      } catch (error) {
        if (!isLost()) await run('ROLLBACK').catch(() => {});
        throw error;
      }
    },
    close: async () => {
      release();
      const silent = setTimeout(() => destroy(client), 2_000);
      await client.end().catch(() => {});
      clearTimeout(silent);
    },
  };
}

/** The driver has no call for this: its own `end` waits for the server. */
function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** Throws a Fault (`unsupported`) for a server that can't hold the tables. */
export function checkServer(where: string, version: number, encoding: string): void {
  if (version < oldest)
    throw new Fault('unsupported', `${where}: the server is PostgreSQL ${version}`, {
      hint: `use version ${oldest} or later`,
    });
  if (encoding !== 'UTF8')
    throw new Fault('unsupported', `${where}: the database's encoding is ${encoding}`, {
      hint: 'create one with: createdb --encoding=UTF8 --template=template0 NAME',
    });
}

async function configure(session: Session, { schema, settings = {} }: SessionOptions): Promise<void> {
  const [[version, encoding] = []] = await session.rows(
    "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding')",
  );
  checkServer(session.where, Number(version), String(encoding));
  const all = {
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    search_path: quoteName(schema),
    client_min_messages: 'warning',
    // A query takes milliseconds, and compiling it hundreds.
    jit: 'off',
    ...settings,
  };
  const names = Object.keys(all);
  await session.rows(
    `SELECT ${names.map((_, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, false)`).join(', ')}`,
    Object.entries(all).flat(),
  );
}

/** A name of a schema as an identifier of SQL. Throws a Fault (`misuse`) for one that is not plain. */
export function quoteName(name: string): string {
  if (/^[a-z_][a-z0-9_]{0,40}$/.test(name) && !name.startsWith('pg_')) return `"${name}"`;
  throw new Fault('misuse', `${name}: not a name for a schema here`, {
    hint: 'use lower-case letters, digits and _; at most 41',
  });
}
