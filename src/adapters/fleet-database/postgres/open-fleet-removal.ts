import type { ChooseStore, FleetRemoval } from '../../../ports/fleet-removal.ts';
import { keepalives, type Session } from './connection/session.ts';
import { readPostgresUrl } from './connection/url.ts';
import { readStoreFacts } from './questions/usage.ts';
import { breakFence } from './rows/fence.ts';
import { countStores, deleteStores } from './rows/forget.ts';
import { openTables } from './schema/migrate.ts';

/** A batch of the indexer takes seconds. */
const settings = { ...keepalives, lock_timeout: '60s' };

/**
 * The fleet's tables in PostgreSQL, for the removal of a store. The indexer's lock is not taken: it may be working. Rejects with a
 * Fault, as `openFleetQuestions`.
 */
export async function openFleetRemoval(url: string, schema = 'snapledger'): Promise<FleetRemoval> {
  const options = { schema, application: 'snapledger fleet forget', settings };
  const session = await openTables(readPostgresUrl(url), options);
  return {
    where: session.where,
    remove: (choose) =>
      session.transaction(async () => {
        await breakFence(session);
        const store = choose(await readStoreFacts(session.rows));
        return { store, rows: await deleteStores(session, [store.store]) };
      }),
    count: (choose) => session.transaction(() => counted(session, choose)),
    close: session.close,
  };
}

async function counted(session: Session, choose: ChooseStore) {
  await session.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  // First, so that a rebuild does not exchange the tables in the middle.
  await session.rows('SELECT FROM progress');
  const store = choose(await readStoreFacts(session.rows));
  return { store, rows: await countStores(session, [store.store]) };
}
