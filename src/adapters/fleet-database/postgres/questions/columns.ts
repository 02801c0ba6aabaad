import type { FleetImage, FleetIncident } from '../../../../ports/fleet-database.ts';
import type { SnapshotFacts, StoreFacts } from '../../../../ports/fleet-questions.ts';

type Row = readonly unknown[];

/** Columns of a table, by the names of the properties that hold them. */
export interface Columns<R> {
  /** as a list for SELECT, of a table's alias */
  of(alias: string): string;
  read(row: Row): R;
}

function columns<R>(names: readonly (keyof R & string)[]): Columns<R> {
  const inTable = names.map((name) =>
    (name === 'first' ? 'first_position' : name).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  return {
    of: (alias) => inTable.map((name) => `${alias}.${name}`).join(', '),
    read: (row) => {
      const read: Partial<Record<keyof R & string, unknown>> = {};
      for (const [at, name] of names.entries()) read[name] = row[at];
      return read as R;
    },
  };
}

export const snapshotColumns = columns<SnapshotFacts>([
  ...([
    'store',
    'id',
    'key',
    'namespace',
    'kind',
    'parent',
    'parentId',
    'chainId',
    'diffId',
    'bytes',
    'actor',
  ] as const),
  ...(['prepared', 'committed', 'lastUsed', 'removed', 'ended', 'retained'] as const),
]);

export const storeColumns = columns<StoreFacts>([
  ...(['store', 'node', 'driver', 'version', 'kernel', 'fileSystem', 'rootBytes', 'root', 'open', 'lineage'] as const),
  ...(['first', 'position', 'stopped', 'lastEvent', 'lastRecorded', 'indexed', 'unknown', 'fault', 'hint'] as const),
]);

export const incidentColumns = columns<FleetIncident>([
  ...(['store', 'position', 'time', 'kind', 'snapshot', 'key', 'text'] as const),
]);

export const imageColumns = columns<FleetImage>([
  ...(['store', 'namespace', 'name', 'target', 'layers', 'created', 'updated', 'deleted'] as const),
]);
