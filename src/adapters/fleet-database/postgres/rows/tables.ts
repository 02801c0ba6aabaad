import type {
  FleetImage,
  FleetIncident,
  FleetSnapshot,
  FleetStore,
  FleetUsage,
  KeptEvent,
} from '../../../../ports/fleet-database.ts';
import { toText, toTime } from '../connection/text.ts';

/** A column: its name, and its value of a row as text of COPY before escapes; null for NULL. */
type Column<Row> = readonly [name: string, value: (row: Row) => string | number | boolean | null];

/** A table that rows of a change go to. */
export interface Table<Row> {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  /** what identifies a row, as its unique index has it */
  readonly key: readonly string[];
}

const time = (value: bigint | null) => toTime(value, '') || null;

export const storeTable: Table<FleetStore> = {
  name: 'store',
  key: ['store'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['node', (row) => toText(row.node)],
    ['driver', (row) => toText(row.driver)],
    ['version', (row) => toText(row.version)],
    ['kernel', (row) => toText(row.kernel)],
    ['file_system', (row) => toText(row.fileSystem)],
    ['root_bytes', (row) => row.rootBytes],
    ['root', (row) => toText(row.root)],
    ['open', (row) => row.open],
    ['lineage', (row) => row.lineage],
    ['first_position', (row) => row.first],
    ['position', (row) => row.head.position],
    ['chain_hash', (row) => row.head.chainHash],
    ['stopped', (row) => row.head.stopped],
    ['last_event', (row) => time(row.lastEvent)],
    ['last_recorded', (row) => time(row.lastRecorded)],
    ['unknown', (row) => row.unknown],
    ['fault', (row) => toText(row.fault)],
    ['hint', (row) => toText(row.hint)],
    ['fold', (row) => json(row.fold)],
  ],
};

export const snapshotTable: Table<FleetSnapshot> = {
  name: 'snapshot',
  key: ['store', 'id'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['id', (row) => row.id],
    ['key', (row) => toText(row.key)],
    ['namespace', (row) => toText(row.namespace)],
    ['kind', (row) => row.kind],
    ['parent', (row) => toText(row.parent)],
    ['parent_id', (row) => row.parentId],
    ['chain_id', (row) => toText(row.chainId)],
    ['diff_id', (row) => (row.diffId === null ? null : toText(row.diffId))],
    ['bytes', (row) => row.bytes],
    ['inodes', (row) => row.inodes],
    ['actor', (row) => toText(row.actor)],
    ['prepared', (row) => time(row.prepared)],
    ['committed', (row) => time(row.committed)],
    ['last_used', (row) => time(row.lastUsed)],
    ['removed', (row) => toTime(row.removed, 'infinity')],
    ['ended', (row) => row.ended],
    ['retained', (row) => row.retained],
    ['fold', (row) => json(row.fold)],
    ['partition_key', (row) => toTime(row.fold === null ? row.removed : null, 'infinity')],
  ],
};

export const incidentTable: Table<FleetIncident> = {
  name: 'incident',
  key: ['store', 'position'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['position', (row) => row.position],
    ['time', (row) => time(row.time)],
    ['kind', (row) => row.kind],
    ['snapshot', (row) => row.snapshot],
    ['key', (row) => toText(row.key)],
    ['text', (row) => toText(row.text)],
  ],
};

export const usageTable: Table<FleetUsage> = {
  name: 'usage_daily',
  key: ['store', 'md5(namespace)', 'day'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['namespace', (row) => toText(row.namespace)],
    ['day', (row) => row.day],
    ['prepared', (row) => row.prepared],
    ['committed', (row) => row.committed],
    ['removed', (row) => row.removed],
    ['lost', (row) => row.lost],
    ['bytes_added', (row) => row.bytesAdded],
    ['bytes_removed', (row) => row.bytesRemoved],
    ['snapshots', (row) => row.snapshots],
    ['bytes', (row) => row.bytes],
  ],
};

export const imageTable: Table<FleetImage> = {
  name: 'image',
  key: ['store', 'md5(namespace)', 'md5(name)'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['namespace', (row) => toText(row.namespace)],
    ['name', (row) => toText(row.name)],
    ['target', (row) => toText(row.target)],
    ['layers', (row) => array(row.layers)],
    ['created', (row) => time(row.created)],
    ['updated', (row) => time(row.updated)],
    ['deleted', (row) => time(row.deleted)],
  ],
};

export const keptTable: Table<KeptEvent> = {
  name: 'kept_event',
  key: ['store', 'position'],
  columns: [
    ['store', (row) => toText(row.store)],
    ['position', (row) => row.position],
    ['type', (row) => toText(row.type)],
    ['wire', (row) => row.wire],
  ],
};

/** JSON has escapes of its own for NUL and half a surrogate pair. */
const json = (value: unknown) => (value === null ? null : JSON.stringify(value));

const array = (values: readonly string[]) =>
  `{${values.map((value) => `"${toText(value).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Rows in the text format of COPY. */
export function copyText<Row>({ columns }: Table<Row>, rows: readonly Row[]): Buffer {
  let text = '';
  for (const row of rows) {
    let line = '';
    for (const [index, [, read]] of columns.entries()) {
      const value = read(row);
      if (index > 0) line += '\t';
      if (typeof value !== 'string') line += value === null ? '\\N' : value;
      else line += special.test(value) ? value.replace(/[\\\t\n\r]/g, (found) => escapes[found] ?? found) : value;
    }
    text += `${line}\n`;
  }
  return Buffer.from(text);
}
