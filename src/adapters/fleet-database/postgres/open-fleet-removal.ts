import type { ChooseStore, FleetRemoval } from '../../../ports/fleet-removal.ts';
import { keepalives, openSession, type Session } from './connection/session.ts';
import { readPostgresUrl } from './connection/url.ts';
import { storeColumns } from './questions/columns.ts';
import { countStores, deleteStores } from './rows/forget.ts';
import { checkTables } from './schema/migrate.ts';

/** A batch of the indexer takes seconds. */
const settings = { ...keepalives, lock_timeout: '60s' };

/**
 * The fleet's tables in PostgreSQL, for the removal of a store. The indexer's lock is not taken: it may be working. Rejects with a
 * Fault, as `openFleetQuestions`.
 */
export async function openFleetRemoval(url: string, schema = 'snapledger'): Promise<FleetRemoval> {
  const target = readPostgresUrl(url);
  const session = await openSession(target, { schema, application: 'snapledger fleet forget', settings });
  try {
    await checkTables(session, schema);
  } catch (error) {
    await session.close();
    throw error;
  }
  return {
    where: session.where,
    remove: (choose) =>
      session.transaction(async () => {
        await breakFence(session);
        const store = choose(await readFacts(session));
        return { store, rows: await deleteStores(session, [store.store]) };
      }),
    count: (choose) => session.transaction(() => counted(session, choose)),
    close: session.close,
  };
}

/**
 * Waits for the batch under way, and holds off the next one, an exchange and other removals. The indexer's fence is broken once this
 * transaction is committed: the row has another `xmin` although no value changes.
 */
const breakFence = (session: Session) => session.run('UPDATE progress SET one = one');

async function counted(session: Session, choose: ChooseStore) {
  await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  // First, so that a rebuild does not exchange the tables in the middle.
  await session.rows('SELECT FROM progress');
  const store = choose(await readFacts(session));
  return { store, rows: await countStores(session, [store.store]) };
}

const readFacts = async (session: Session) =>
  (await session.rows(`SELECT ${storeColumns.of('s')} FROM store s`)).map(storeColumns.read);
