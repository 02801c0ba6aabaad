import * as t from 'io-ts';
import { EmptyLayer, Kind, Labels, Nanoseconds, orNull, Whole } from '../events/codecs.ts';
import type { Snapshot } from './snapshot.ts';
import type { State } from './state.ts';
import type { Retained, Wanted } from './volumes.ts';

// A snapshot, existing or removed, as rows of a checkpoint: their codecs, and what makes them.

/** id, key, kind; parent's id and name; labels; created, updated. */
const snapshotCells = [
  t.tuple([Whole, t.string, Kind]),
  t.tuple([orNull(Whole), orNull(t.string)]),
  Labels,
  t.tuple([Nanoseconds, orNull(Nanoseconds)]),
] as const;
const SnapshotCells = t.tuple([...snapshotCells]);
type SnapshotCells = t.TypeOf<typeof SnapshotCells>;

export const SnapshotRow = t.tuple([t.literal('snapshot'), ...snapshotCells], 'snapshot row');
const VolumeCells = t.tuple([Whole, Kind, Whole, t.tuple([t.boolean, t.boolean, t.boolean]), orNull(t.string)]);
export const VolumesRow = t.tuple([t.literal('volumes'), t.array(VolumeCells)], 'volumes row');
export const UsageRow = t.tuple([t.literal('usage'), t.array(t.tuple([Whole, Whole, Whole]))], 'usage row');
const Removal = t.type({
  ...{ since: Whole, removed: Nanoseconds, elapsed: Whole, prepared: Whole },
  ...{ flushed: t.boolean, diffId: orNull(t.string), parentless: t.boolean },
});
export const RetainedRow = t.tuple([t.literal('retained'), SnapshotCells, Removal], 'retained row');
export const EmptyRow = t.tuple([t.literal('empty'), Whole, EmptyLayer], 'empty row');

/**
 * The rows of one snapshot, existing or retained, as those of `toRows` (`checkpoint-rows.ts`), except what concerns the disk (a pending purge) or other
 * snapshots as well (adoption candidates). None for any other id. `key` is the snapshot's.
 */
export function rowsOfSnapshot({ index, volumes, usage }: State, id: number, key: string): readonly unknown[] {
  const snapshot = index.get(key);
  const existing = snapshot?.id === id;
  const retained = volumes.retained.get(id);
  if (!existing && retained === undefined) return [];
  const [wanted, measured, empty] = [volumes.wanted.get(id), usage.get(id), volumes.empty.get(id)];
  const rows: unknown[] = existing ? [snapshotRow(snapshot, noKeys)] : [];
  if (wanted !== undefined) rows.push(volumesRow([[id, wanted]]));
  if (measured !== undefined) rows.push(usageRow([[id, measured]]));
  if (retained !== undefined) rows.push(retainedRow(retained));
  if (empty !== undefined) rows.push(emptyRow(id, empty));
  return rows;
}

/** `keys` by id: a parent's name is left out if it is there, because names are long. */
export const snapshotRow = (snapshot: Snapshot, keys: ReadonlyMap<number | null, string>): unknown =>
  SnapshotRow.encode(['snapshot', ...cellsOf(snapshot, keys)]);

export const volumesRow = (batch: readonly (readonly [number, Wanted])[]): unknown =>
  VolumesRow.encode([
    'volumes',
    batch.map(([id, { kind, prepared, touched, flushed, diffId, parentless }]) => [
      id,
      kind,
      prepared,
      [touched, flushed, parentless],
      diffId,
    ]),
  ]);

export const usageRow = (
  batch: readonly (readonly [number, { readonly bytes: number; readonly inodes: number }])[],
): unknown => UsageRow.encode(['usage', batch.map(([id, { bytes, inodes }]) => [id, bytes, inodes])]);

export const retainedRow = ({ snapshot, ...removal }: Retained): unknown =>
  RetainedRow.encode(['retained', cellsOf(snapshot, noKeys), removal]);

export const emptyRow = (id: number, layer: EmptyLayer): unknown => EmptyRow.encode(['empty', id, layer]);

const noKeys: ReadonlyMap<number | null, string> = new Map();

function cellsOf(snapshot: Snapshot, keys: ReadonlyMap<number | null, string>): SnapshotCells {
  const { id, key, kind, parentId, parent, labels, created, updated } = snapshot;
  const descent = [parentId, keys.get(parentId) === parent ? null : parent] as const;
  return [[id, key, kind], [...descent], labels, [created, updated === created ? null : updated]];
}

export function snapshotOf([[id, key, kind], [parentId, parent], labels, [created, updated]]: SnapshotCells): Snapshot {
  return { id, key, kind, parent: parent ?? '', parentId, labels, created, updated: updated ?? created };
}
