import { Fault } from '../../../../ports/fault.ts';
import { openSession, quoteName, type Session, type SessionOptions } from '../connection/session.ts';
import type { Target } from '../connection/url.ts';
import { type Migration, migrations } from './migrations/migrations.ts';

/** For `pg_advisory_xact_lock`: held while a schema is created or migrated. */
const migrating = 0x736e6c64;

/**
 * Brings the tables of a schema to the version of this release, each migration in a transaction. Of
 * several callers at the same time one migrates. Throws a Fault (`unsupported`) if the tables are newer.
 */
export async function migrate(
  session: Session,
  schema: string,
  known: readonly Migration[] = migrations,
): Promise<void> {
  for (let version = await versionOf(session, schema, known.length); version < known.length; version++)
    await session.transaction(async () => {
      await session.rows('SELECT pg_advisory_xact_lock($1)', [migrating]);
      const { sql, name } = known[version] as Migration;
      // Another process may have done it while this one waited.
      if ((await versionOf(session, schema, known.length)) > version) return;
      await session.rows(sql);
      await session.run('INSERT INTO migration (version, name) VALUES ($1, $2)', [version + 1, name]);
    });
}

/** A session with tables of this release. Rejects as `openSession` and `checkTables`. */
export async function openTables(target: Target, options: SessionOptions): Promise<Session> {
  const session = await openSession(target, options);
  try {
    await checkTables(session, options.schema);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * Throws a Fault unless the role may use the schema, and its tables have the version of this release: `missing` without tables, else
 * `unsupported`.
 */
export async function checkTables(session: Session, schema: string): Promise<void> {
  await checkRight(session, schema);
  const version = await versionOf(session, schema, migrations.length);
  if (version === 0)
    throw new Fault('missing', `${session.where}: there is no index in the schema ${schema}`, {
      hint: 'fill it with: snapledger fleet index',
    });
  if (version < migrations.length)
    throw new Fault(
      'unsupported',
      `${session.where}: the tables have version ${version}, this release needs ${migrations.length}`,
      {
        hint: 'start fleet index of this release: it migrates them',
      },
    );
}

/** Without this right the tables look as if they were not there. */
async function checkRight(session: Session, schema: string): Promise<void> {
  const [[right] = []] = await session.rows(
    "SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1",
    [schema],
  );
  if (right === false)
    throw new Fault('unsupported', `${session.where}: the role has no right to use the schema ${schema}`, {
      hint: `GRANT USAGE ON SCHEMA ${schema} TO role; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO role`,
    });
}

/** Creates the schema if it is missing, without tables. An administrator may have created an empty one. */
export async function createSchema(session: Session, schema: string): Promise<void> {
  if (await isPrepared(session, schema)) return;
  await session.transaction(async () => {
    await session.rows('SELECT pg_advisory_xact_lock($1)', [migrating]);
    if (await isPrepared(session, schema)) return;
    if (!(await exists(session, schema))) await session.rows(`CREATE SCHEMA ${quoteName(schema)}`);
    await session.rows(migrationTable);
  });
}

const migrationTable =
  'CREATE TABLE migration (version int PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL DEFAULT now())';

/** Drops the tables of a schema, of whatever version, but not the schema: its lock is bound to it. */
export async function emptySchema(session: Session, schema: string): Promise<void> {
  await session.transaction(async () => {
    const tables = await session.rows(
      `SELECT oid::regclass::text FROM pg_class
       WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
      [quoteName(schema)],
    );
    await session.rows(`DROP TABLE ${tables.join(', ')}`);
    await session.rows(migrationTable);
  });
}

const exists = async (session: Session, schema: string) =>
  (await session.rows('SELECT FROM pg_namespace WHERE nspname = $1', [schema])).length > 0;

/** Whether the schema has the table of its migrations. */
const isPrepared = async (session: Session, schema: string) =>
  (
    await session.rows(
      "SELECT FROM pg_class WHERE relname = 'migration' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)",
      [schema],
    )
  ).length > 0;

/** 0 without tables. */
async function versionOf(session: Session, schema: string, known: number): Promise<number> {
  if (!(await isPrepared(session, schema))) return 0;
  const [[version] = []] = await session.rows('SELECT coalesce(max(version), 0) FROM migration');
  if (Number(version) > known)
    throw new Fault(
      'unsupported',
      `${session.where}: the tables have version ${version}, and this release knows ${known}`,
      {
        hint: 'use the release that made them, or fill new ones: snapledger fleet index --rebuild',
      },
    );
  return Number(version);
}
