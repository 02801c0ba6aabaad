import type {
  FleetDatabase,
  FleetImage,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
  SnapshotRef,
} from '../../../../ports/fleet-database.ts';
import type { ClusterPosition } from '../../../../ports/fleet-source.ts';
import type { Session } from '../connection/session.ts';
import { toText } from '../connection/text.ts';
import type { Table } from './copy-text.ts';
import { imageTable, snapshotTable, storeTable, usageTable } from './tables.ts';

type Row = readonly unknown[];

const columnsOf = <T>({ columns }: Table<T>, alias: string) => columns.map(([name]) => `${alias}.${name}`).join(', ');
const texts = (values: readonly string[]) => values.map(toText);

/** Where indexing goes on; undefined before its first batch. */
export async function readPosition(session: Session): Promise<ClusterPosition | undefined> {
  const [[commit, prepare] = []] = await session.rows(
    'SELECT commit_position::text, prepare_position::text FROM progress',
  );
  return typeof commit === 'string' ? { commit: BigInt(commit), prepare: BigInt(String(prepare)) } : undefined;
}

export const readStores = async (session: Session): Promise<readonly FleetStore[]> =>
  (await session.rows(`SELECT ${columnsOf(storeTable, 'store')} FROM store`)).map(storeOf);

export async function readSnapshots(session: Session, ids: readonly SnapshotRef[]): Promise<readonly FleetSnapshot[]> {
  const rows = await session.rows(
    `SELECT ${columnsOf(snapshotTable, 's')}
     FROM unnest($1::text[], $2::bigint[]) AS wanted (store, id) JOIN snapshot_current AS s USING (store, id) WHERE s.fold IS NOT NULL`,
    [texts(ids.map(({ store }) => store)), ids.map(({ id }) => id)],
    'read snapshots',
  );
  return rows.map(snapshotOf);
}

export async function readSnapshotsOf(session: Session, store: string): Promise<readonly FleetSnapshot[]> {
  const rows = await session.rows(
    `SELECT ${columnsOf(snapshotTable, 's')} FROM snapshot_current AS s WHERE s.store = $1 AND s.fold IS NOT NULL`,
    [toText(store)],
  );
  return rows.map(snapshotOf);
}

export async function readUsage(
  session: Session,
  wanted: Parameters<FleetDatabase['usage']>[0],
): Promise<readonly FleetUsage[]> {
  const rows = await session.rows(
    `SELECT ${columnsOf(usageTable, 'u')}
     FROM unnest($1::text[], $2::text[], $3::date[]) AS wanted (store, namespace, day) JOIN usage_daily AS u
     ON (u.store, md5(u.namespace), u.day) = (wanted.store, md5(wanted.namespace), wanted.day)`,
    [
      texts(wanted.map(({ store }) => store)),
      texts(wanted.map(({ namespace }) => namespace)),
      wanted.map(({ day }) => day),
    ],
    'read usage',
  );
  return rows.map(usageOf);
}

export async function readImages(
  session: Session,
  wanted: Parameters<FleetDatabase['images']>[0],
): Promise<readonly FleetImage[]> {
  const keys = [
    wanted.map(({ store }) => store),
    wanted.map(({ namespace }) => namespace),
    wanted.map(({ name }) => name),
  ];
  const rows = await session.rows(
    `SELECT ${columnsOf(imageTable, 'i')}
     FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (store, namespace, name) JOIN image AS i
     ON (i.store, md5(i.namespace), md5(i.name)) = (wanted.store, md5(wanted.namespace), md5(wanted.name))`,
    keys.map(texts),
    'read images',
  );
  return rows.map(imageOf);
}

/** A row's values under the names of its columns: the order is that of the tables' columns. */
function storeOf(row: Row): FleetStore {
  const [store, node, driver, version, kernel, fileSystem, rootBytes, root, open, lineage, first, ...rest] = row;
  const [position, chainHash, stopped, lastEvent, lastRecorded, unknown, fault, hint, fold] = rest;
  return {
    store,
    node,
    driver,
    version,
    kernel,
    fileSystem,
    rootBytes,
    root,
    open,
    lineage,
    first,
    head: { position, chainHash, stopped },
    lastEvent,
    lastRecorded,
    unknown,
    fault,
    hint,
    fold,
  } as FleetStore;
}

// Not of spread objects: with so many properties V8 makes that a dictionary, a hundred times as slow.
function snapshotOf(row: Row): FleetSnapshot {
  return {
    store: row[0],
    id: row[1],
    key: row[2],
    namespace: row[3],
    kind: row[4],
    parent: row[5],
    parentId: row[6],
    path: row[7],
    chainId: row[8],
    diffId: row[9],
    bytes: row[10],
    inodes: row[11],
    actor: row[12],
    prepared: row[13],
    committed: row[14],
    lastUsed: row[15],
    removed: row[16],
    ended: row[17],
    retained: row[18],
    fold: row[19],
  } as FleetSnapshot;
}

function usageOf(row: Row): FleetUsage {
  const [store, namespace, day, prepared, committed, removed, lost, ...rest] = row;
  const [bytesAdded, bytesRemoved, snapshots, bytes] = rest;
  return {
    store,
    namespace,
    day,
    prepared,
    committed,
    removed,
    lost,
    bytesAdded,
    bytesRemoved,
    snapshots,
    bytes,
  } as FleetUsage;
}

function imageOf(row: Row): FleetImage {
  const [store, namespace, name, target, layers, created, updated, deleted] = row;
  return { store, namespace, name, target, layers, created, updated, deleted } as FleetImage;
}
