import type { StoreRows } from '../../../../ports/fleet-removal.ts';
import type { Session } from '../connection/session.ts';
import { toText } from '../connection/text.ts';
import { imageTable, incidentTable, keptTable, snapshotTable, tables, usageTable } from './tables.ts';

const ofStores = 'WHERE store = ANY($1::text[])';

/** Deletes all rows of stores, in the transaction under way. Returns how many there were. */
export const deleteStores = (session: Session, stores: readonly string[]): Promise<StoreRows> =>
  inEachTable((name) => session.run(`DELETE FROM ${name} ${ofStores}`, [stores.map(toText)]));

/** How many rows stores have. */
export const countStores = (session: Session, stores: readonly string[]): Promise<StoreRows> =>
  inEachTable(async (name) => {
    const [[count] = []] = await session.rows(`SELECT count(*) FROM ${name} ${ofStores}`, [stores.map(toText)]);
    return Number(count);
  });

async function inEachTable(count: (table: string) => Promise<number>): Promise<StoreRows> {
  const counts = new Map<string, number>();
  for (const { name } of tables) counts.set(name, await count(name));
  const of = ({ name }: { readonly name: string }) => counts.get(name) ?? 0;
  return {
    snapshots: of(snapshotTable),
    incidents: of(incidentTable),
    usage: of(usageTable),
    images: of(imageTable),
    kept: of(keptTable),
  };
}
