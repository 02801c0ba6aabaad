import { quoteName, type Session } from '../connection/session.ts';

/** The schema in which a rebuild fills the tables that will replace those of `schema`. */
export const besideOf = (schema: string) => `${schema}_next`;

const replacedOf = (schema: string) => `${schema}_old`;

/**
 * Gives `besides` the name of `schema`, with the privileges that were granted on it, and drops the earlier tables. A statement sees
 * the tables of one or the other; so does a transaction that reads `progress` first, for which this waits.
 */
export async function swapSchemas(session: Session, schema: string): Promise<void> {
  const [live, beside, old] = [schema, besideOf(schema), replacedOf(schema)].map(quoteName);
  const replaces = (await session.rows('SELECT FROM pg_namespace WHERE nspname = $1', [schema])).length > 0;
  await dropReplaced(session, schema);
  await session.transaction(async () => {
    if (replaces) {
      await session.rows(`LOCK TABLE ${live}.progress, ${beside}.progress IN ACCESS EXCLUSIVE MODE`);
      for (const grant of await grantsOf(session, schema, besideOf(schema))) await session.rows(grant);
      await session.rows(`ALTER SCHEMA ${live} RENAME TO ${old}`);
    }
    await session.rows(`ALTER SCHEMA ${beside} RENAME TO ${live}`);
    await session.rows('SELECT set_config($1, $2, false)', ['search_path', live]);
  });
  // The exchange is done, whatever comes of this: what is left is dropped by the next opening.
  await dropReplaced(session, schema).catch(() => {});
}

/** Drops what an exchange has replaced: the process that did it may have been killed before. */
export const dropReplaced = (session: Session, schema: string) =>
  session.rows(`DROP SCHEMA IF EXISTS ${quoteName(replacedOf(schema))} CASCADE`);

/** The grants that give `to` and its tables what was granted on `from` and the tables of the same names. */
async function grantsOf(session: Session, from: string, to: string): Promise<readonly string[]> {
  const rows = await session.rows(
    `SELECT format('GRANT %s ON %s TO %s', privilege_type, target, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END)
     FROM (
       SELECT format('SCHEMA %I', $2::text) AS target, (aclexplode(nspacl)).* FROM pg_namespace WHERE nspname = $1
       UNION ALL
       SELECT format('TABLE %I.%I', $2::text, new.relname), (aclexplode(old.relacl)).*
       FROM pg_class AS old JOIN pg_class AS new USING (relname)
       WHERE old.relnamespace = $3::regnamespace AND new.relnamespace = $4::regnamespace AND old.relkind IN ('r', 'p')
     ) AS granted`,
    [from, to, quoteName(from), quoteName(to)],
  );
  return rows.map(([grant]) => String(grant));
}
