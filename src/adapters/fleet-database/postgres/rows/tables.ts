import type {
  FleetImage,
  FleetIncident,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
  KeptEvent,
} from '../../../../ports/fleet-database.ts';
import { dayOf } from '../connection/text.ts';
import { json, plain, type Table, text, texts, time } from './copy-text.ts';

export const storeTable: Table<FleetStore> = {
  name: 'store',
  key: ['store'],
  columns: [
    ['store', text((row) => row.store)],
    ['node', text((row) => row.node)],
    ['driver', text((row) => row.driver)],
    ['version', text((row) => row.version)],
    ['kernel', text((row) => row.kernel)],
    ['file_system', text((row) => row.fileSystem)],
    ['root_bytes', plain((row) => row.rootBytes)],
    ['root', text((row) => row.root)],
    ['open', plain((row) => row.open)],
    ['lineage', plain((row) => row.lineage)],
    ['first_position', plain((row) => row.first)],
    ['position', plain((row) => row.head.position)],
    ['chain_hash', plain((row) => row.head.chainHash)],
    ['stopped', plain((row) => row.head.stopped)],
    ['last_event', time((row) => row.lastEvent)],
    ['last_recorded', time((row) => row.lastRecorded)],
    ['unknown', plain((row) => row.unknown)],
    ['fault', text((row) => row.fault)],
    ['hint', text((row) => row.hint)],
    ['fold', json((row) => row.fold)],
  ],
};

/** No later event changes the row. */
const isFinal = ({ fold, removed }: FleetSnapshot) => fold === null && removed !== null;

/** Nothing but a container uses what it uses without end. */
const always = 2 ** 31 - 1;

/** The day on which an existing layer was last committed or used; null if the snapshot does not exist. */
function usedDay({ kind, removed, committed, lastUsed }: FleetSnapshot): number | null {
  if (removed !== null) return null;
  if (kind !== 'committed') return always;
  return Math.max(committed === null ? -1 : dayOf(committed), lastUsed === null ? -1 : dayOf(lastUsed));
}

export const snapshotTable: Table<FleetSnapshot> = {
  name: 'snapshot',
  key: ['store', 'id'],
  columns: [
    ['store', text((row) => row.store)],
    ['id', plain((row) => row.id)],
    ['key', text((row) => row.key)],
    ['namespace', text((row) => row.namespace)],
    ['kind', plain((row) => row.kind)],
    ['parent', text((row) => row.parent)],
    ['parent_id', plain((row) => row.parentId)],
    ['path', plain((row) => (isFinal(row) ? '' : row.path))],
    ['chain_id', text((row) => row.chainId)],
    ['diff_id', text((row) => row.diffId)],
    ['bytes', plain((row) => row.bytes)],
    ['inodes', plain((row) => row.inodes)],
    ['actor', text((row) => row.actor)],
    ['prepared', time((row) => row.prepared)],
    ['committed', time((row) => row.committed)],
    ['last_used', time((row) => row.lastUsed)],
    ['removed', time((row) => row.removed, 'infinity')],
    ['ended', plain((row) => row.ended)],
    ['retained', plain((row) => row.retained)],
    ['fold', json((row) => row.fold)],
    ['partition_key', time((row) => (isFinal(row) ? row.removed : null), 'infinity')],
    ['used_day', plain(usedDay)],
  ],
};

export const incidentTable: Table<FleetIncident> = {
  name: 'incident',
  key: ['store', 'position'],
  columns: [
    ['store', text((row) => row.store)],
    ['position', plain((row) => row.position)],
    ['time', time((row) => row.time)],
    ['kind', plain((row) => row.kind)],
    ['snapshot', plain((row) => row.snapshot)],
    ['key', text((row) => row.key)],
    ['text', text((row) => row.text)],
  ],
};

export const usageTable: Table<FleetUsage> = {
  name: 'usage_daily',
  key: ['store', 'md5(namespace)', 'day'],
  columns: [
    ['store', text((row) => row.store)],
    ['namespace', text((row) => row.namespace)],
    ['day', plain((row) => row.day)],
    ['prepared', plain((row) => row.prepared)],
    ['committed', plain((row) => row.committed)],
    ['removed', plain((row) => row.removed)],
    ['lost', plain((row) => row.lost)],
    ['bytes_added', plain((row) => row.bytesAdded)],
    ['bytes_removed', plain((row) => row.bytesRemoved)],
    ['snapshots', plain((row) => row.snapshots)],
    ['bytes', plain((row) => row.bytes)],
  ],
};

export const imageTable: Table<FleetImage> = {
  name: 'image',
  key: ['store', 'md5(namespace)', 'md5(name)'],
  columns: [
    ['store', text((row) => row.store)],
    ['namespace', text((row) => row.namespace)],
    ['name', text((row) => row.name)],
    ['target', text((row) => row.target)],
    ['layers', texts((row) => row.layers)],
    ['created', time((row) => row.created)],
    ['updated', time((row) => row.updated)],
    ['deleted', time((row) => row.deleted)],
  ],
};

export const keptTable: Table<KeptEvent> = {
  name: 'kept_event',
  key: ['store', 'position'],
  columns: [
    ['store', text((row) => row.store)],
    ['position', plain((row) => row.position)],
    ['type', text((row) => row.type)],
    ['wire', json((row) => row.wire)],
  ],
};

/** All tables with rows of stores. */
export const tables = [storeTable, snapshotTable, incidentTable, usageTable, imageTable, keptTable];
