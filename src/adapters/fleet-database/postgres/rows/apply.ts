import type { FleetChange } from '../../../../ports/fleet-database.ts';
import type { Session } from '../connection/session.ts';
import { copyText, type Table } from './copy-text.ts';
import { type Fence, moveOn } from './fence.ts';
import { deleteStores } from './forget.ts';
import { imageTable, incidentTable, keptTable, snapshotTable, storeTable, tables, usageTable } from './tables.ts';

/** Rows of a batch arrive in `new_TABLE`, a temporary table of the session, and are merged from there. */
export async function createStaging(session: Session): Promise<void> {
  for (const { name, columns } of tables) {
    const names = columns.map(([column]) => column).join(', ');
    await session.rows(
      `CREATE TEMPORARY TABLE new_${name} ON COMMIT DELETE ROWS AS SELECT ${names} FROM ${name} LIMIT 0`,
    );
  }
}

/** Everything of a change but partitions, which exist already, in the transaction under way. Returns the fence after it. */
export async function applyChange(session: Session, before: Fence, change: FleetChange): Promise<Fence> {
  const after = await moveOn(session, before, change.at);
  if (change.restarted.length > 0) await deleteStores(session, change.restarted);
  await stage(session, snapshotTable, change.snapshots, mergeSnapshots);
  await stage(session, storeTable, change.stores, [upsert(storeTable, { indexed: 'now()' })]);
  await stage(session, usageTable, change.usage, [upsert(usageTable)]);
  await stage(session, incidentTable, change.incidents, [upsert(incidentTable)]);
  await stage(session, imageTable, change.images, [upsert(imageTable)]);
  await stage(session, keptTable, change.kept, [upsert(keptTable)]);
  return after;
}

async function stage<Row>(
  session: Session,
  table: Table<Row>,
  rows: readonly Row[],
  merges: readonly string[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = table.columns.map(([name]) => name).join(', ');
  await session.copy(`COPY new_${table.name} (${columns}) FROM STDIN`, copyText(table, rows));
  for (const [index, merge] of merges.entries()) await session.run(merge, [], `${table.name} ${index}`);
}

/** `extra` are columns with expressions, beside those of the table. */
function upsert<Row>(
  { name, key, columns }: Table<Row>,
  extra: Readonly<Record<string, string>> = {},
  into = name,
  where = 'true',
): string {
  const names = columns.map(([column]) => column);
  const changed = names.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  const more = Object.entries(extra).map(([column, value]) => `${column} = ${value}`);
  return `INSERT INTO ${into} (${names.join(', ')}) SELECT ${names.join(', ')} FROM new_${name} WHERE ${where}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${[...changed, ...more].join(', ')}`;
}

const snapshotColumns = snapshotTable.columns.map(([name]) => name).join(', ');

/** Rows that may change are all in one partition, so that a row is found there or nowhere. Final ones leave it. */
const mergeSnapshots = [
  upsert(snapshotTable, {}, 'snapshot_current', "partition_key = 'infinity'"),
  `DELETE FROM snapshot_current AS old USING new_snapshot AS new
   WHERE old.store = new.store AND old.id = new.id AND new.partition_key < 'infinity'`,
  `INSERT INTO snapshot (${snapshotColumns}) SELECT ${snapshotColumns} FROM new_snapshot WHERE partition_key < 'infinity'`,
];
