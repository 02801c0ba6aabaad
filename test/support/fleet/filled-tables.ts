import { openFleetRemoval } from '../../../src/adapters/fleet-database/postgres/open-fleet-removal.ts';
import { Fault } from '../../../src/ports/fault.ts';
import type { FleetChange } from '../../../src/ports/fleet-database.ts';
import type { StoreFacts } from '../../../src/ports/fleet-questions.ts';
import { freshDatabase } from '../fresh-database.ts';
import type { Postgres } from '../postgres.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../sample-fleet.ts';
import { openDatabase } from './open-database.ts';

const tables = ['store', 'snapshot', 'incident', 'usage_daily', 'image', 'kept_event'] as const;

/** Rows of a store in every table, and in every kind of partition. Its id has characters that the database escapes. */
export function rowsOf(store: string): Partial<FleetChange> {
  const removed = (id: number, time: string) =>
    sampleSnapshot(store, id, { removed: nanos(time), ended: 'removed', fold: null });
  const flows = { prepared: 1, committed: 1, removed: 0, lost: 0, bytesAdded: 1, bytesRemoved: 0 };
  const at = nanos('2026-11-28T20:00:00Z');
  return {
    stores: [sampleStore(store)],
    snapshots: [
      sampleSnapshot(store, 1),
      sampleSnapshot(store, 2, { removed: at, ended: 'removed', retained: true }),
      removed(3, '2026-03-05T00:00:00Z'),
      removed(4, '2026-04-05T00:00:00Z'),
      removed(5, '1999-01-01T00:00:00Z'),
    ],
    incidents: [{ store, position: 3, time: at, kind: 'lost', snapshot: 1, key: 'k', text: 't' }],
    usage: ['2026-11-27', '2026-11-28'].map((day) => ({
      ...{ store, day, namespace: 'k8s.io', ...flows },
      ...{ snapshots: 1, bytes: 1 },
    })),
    images: [
      {
        ...{ store, namespace: 'k8s.io', name: 'web:1', target: 'sha256:1', layers: [] },
        ...{ created: at, updated: at, deleted: null },
      },
    ],
    kept: [{ store, position: 4, type: 'Later', wire: '{}' }],
  };
}

/** How many these are. */
export const counts = { snapshots: 5, incidents: 1, usage: 2, images: 1, kept: 1 };

/** The stores of `filled`. */
export const ids = ['a', 'b\\\u0000', 'c'];

/** Three stores with rows in every table. */
export async function filled(server: Postgres) {
  const fresh = freshDatabase(server);
  const database = await openDatabase(fresh.url);
  for (const [at, store] of ids.entries()) await database.apply(sampleChange(at + 1, rowsOf(store)));
  await database.progress();
  return { ...fresh, database, content: (but: string) => contentOf(fresh.sql, but) };
}

/** Every row of every table but those of one store, and the position. */
const contentOf = (sql: (text: string) => string, but: string) =>
  [
    sql('SELECT commit_position, prepare_position, written FROM snapledger.progress'),
    ...tables.map((name) => sql(`SELECT * FROM snapledger.${name} t WHERE store <> '${but}' ORDER BY t::text`)),
  ].join('\n');

const named =
  (id: string) =>
  (stores: readonly StoreFacts[]): StoreFacts => {
    const store = stores.find(({ store }) => store === id);
    if (store === undefined) throw new Fault('missing', id, { hint: '' });
    return store;
  };

/** Removes a store, or counts its rows. */
export async function removal(url: string, id: string, how: 'remove' | 'count' = 'remove') {
  const opened = await openFleetRemoval(url);
  return opened[how](named(id)).finally(opened.close);
}

/** How many rows a store, as it is written in the database, has in each table. */
export const rowsLeft = (sql: (text: string) => string, store: string) =>
  sql(
    `SELECT ${tables.map((name) => `(SELECT count(*) FROM snapledger.${name} WHERE store = '${store}')`).join(" || ' ' || ")}`,
  );
export const allRows = '1 5 1 2 1 1';
export const noRows = '0 0 0 0 0 0';
