import type {
  FleetImage,
  FleetIncident,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
} from '../../../src/ports/fleet-database.ts';
import type { Postgres } from '../postgres.ts';
import { emptyTables, type FleetTables } from './memory-fleet-database.ts';

type Row = Readonly<Record<string, unknown>>;

/** The tables as they are in the database, read by SQL and not by the code that wrote them. */
export function postgresTables(server: Pick<Postgres, 'sql'>, database?: string): FleetTables {
  const rows = (query: string) =>
    server
      .sql(`SET timezone = 'UTC'; SELECT row_to_json(t) FROM (${query}) AS t`, database)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  const tables = emptyTables();
  for (const row of rows('SELECT * FROM snapledger.store')) tables.stores.set(String(row.store), storeOf(row));
  for (const row of rows(
    `SELECT *, ${times('prepared', 'committed', 'last_used', 'removed')} FROM snapledger.snapshot`,
  ))
    tables.snapshots.set(`${row.store} ${row.id}`, snapshotOf(row));
  for (const row of rows(`SELECT *, ${times('time')} FROM snapledger.incident`))
    tables.incidents.set(`${row.store} ${row.position}`, incidentOf(row));
  for (const row of rows('SELECT *, day::text FROM snapledger.usage_daily'))
    tables.usage.set(JSON.stringify([row.store, row.namespace, row.day]), usageOf(row));
  for (const row of rows(`SELECT *, ${times('created', 'updated', 'deleted')} FROM snapledger.image`))
    tables.images.set(JSON.stringify([row.store, row.namespace, row.name]), imageOf(row));
  for (const row of rows('SELECT * FROM snapledger.kept_event'))
    tables.kept.set(`${row.store} ${row.position}`, row as never);
  return tables;
}

/** Microseconds as text: JSON has no larger numbers. */
const times = (...columns: readonly string[]) =>
  columns
    .map(
      (name) =>
        `CASE WHEN isfinite(${name}) THEN (extract(epoch FROM ${name}) * 1000000)::bigint::text END AS at_${name}`,
    )
    .join(', ');

const time = (text: unknown): bigint | null => (text === null ? null : BigInt(String(text)) * 1000n);

function storeOf(row: Row): FleetStore {
  const { root_bytes: rootBytes, file_system: fileSystem, first_position: first, chain_hash: chainHash, stopped } = row;
  const head = { position: row.position, chainHash, stopped };
  return { ...row, rootBytes, fileSystem, first, head, lastEvent: null, lastRecorded: null } as unknown as FleetStore;
}

function snapshotOf(row: Row): FleetSnapshot {
  const { store, id, key, namespace, kind, parent, path, actor, bytes, inodes, ended, retained } = row;
  const plain = { store, id, key, namespace, kind, parent, path, actor, bytes, inodes, ended, retained };
  return {
    ...plain,
    fold: row.fold === null ? null : JSON.stringify(row.fold),
    ...{ parentId: row.parent_id, chainId: row.chain_id, diffId: row.diff_id },
    ...{ prepared: time(row.at_prepared), committed: time(row.at_committed) },
    ...{ lastUsed: time(row.at_last_used), removed: time(row.at_removed) },
  } as unknown as FleetSnapshot;
}

const incidentOf = ({ at_time, ...row }: Row) => ({ ...row, time: time(at_time) }) as unknown as FleetIncident;

function usageOf({ bytes_added: bytesAdded, bytes_removed: bytesRemoved, ...row }: Row): FleetUsage {
  return { ...row, bytesAdded, bytesRemoved } as unknown as FleetUsage;
}

function imageOf({ store, namespace, name, target, layers, ...row }: Row): FleetImage {
  const { at_created: created, at_updated: updated, at_deleted: deleted } = row;
  const plain = { store, namespace, name, target, layers };
  return { ...plain, created: time(created), updated: time(updated), deleted: time(deleted) } as unknown as FleetImage;
}
