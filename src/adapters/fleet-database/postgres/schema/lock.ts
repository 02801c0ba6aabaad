import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../../../ports/fault.ts';
import type { Session } from '../connection/session.ts';

/** Beside the schema's oid in the lock's key. */
const indexing = 0x736e6c64;

/** Milliseconds between two attempts. */
const pause = 250;

/**
 * Takes the lock of a schema for this session: its holder writes the tables. It is bound to the schema, not to its name, so it
 * stays held through a swap. If another session has it, `waiting` is called once with that session's description, and this
 * resolves when it has ended. Rejects when the signal is aborted, and with a Fault (`busy`) if the schema has got another name.
 */
export async function lockSchema(
  session: Session,
  schema: string,
  { signal, waiting }: { signal: AbortSignal; waiting: (holder: string) => void },
): Promise<void> {
  const key = '($1::bigint << 32) + (SELECT oid::bigint FROM pg_namespace WHERE nspname = $2)';
  for (let attempts = 0; ; attempts++) {
    signal.throwIfAborted();
    const [[locked] = []] = await session.rows(`SELECT pg_try_advisory_lock(${key})`, [indexing, schema]);
    if (locked === true) return;
    if (locked === null)
      throw new Fault('busy', `${session.where}: another process has exchanged the tables`, {
        hint: 'try again',
      });
    if (attempts === 0) waiting(await holderOf(session, schema));
    await sleep(pause, undefined, { signal });
  }
}

async function holderOf(session: Session, schema: string): Promise<string> {
  const [[application, address, since] = []] = await session.rows(
    `SELECT application_name, coalesce(host(client_addr), 'the same machine'), backend_start::text
     FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND classid = $1::bigint::oid AND objsubid = 1
       AND objid = (SELECT oid FROM pg_namespace WHERE nspname = $2)
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [indexing, schema],
  );
  return application === undefined ? 'another session' : `${application} from ${address}, since ${since}`;
}
