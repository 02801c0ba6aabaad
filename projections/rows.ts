import type * as t from 'io-ts';
import { AdoptableRow, PendingPurgeRow, RetainedRow, SnapshotCells, StoreRow } from './row-codecs.ts';
import type { Snapshot } from './snapshot.ts';
import type { State } from './state.ts';

/**
 * The state as rows of plain JSON, for a checkpoint: the storeInfo of the store first, then one row a snapshot, then the
 * doomed, the retained and the offers. `fromRows` is the way back.
 */
export function* toRows(state: State): IterableIterator<unknown> {
  yield StoreRow.encode({ row: 'store', position: state.position, ...state.storeInfo });
  for (const [, snapshot] of state.index) yield SnapshotCells.encode(cellsOf(state, snapshot));
  for (const [id, doomed] of state.volumes.pendingPurge)
    yield PendingPurgeRow.encode({ row: 'pendingPurge', id, ...doomed });
  for (const [id, { snapshot, ...rest }] of state.volumes.retained)
    yield RetainedRow.encode({ row: 'retained', ...snapshot, ...rest, usage: state.usage.peek(id) ?? null });
  for (const [key, id] of state.volumes.adoptable) yield AdoptableRow.encode({ row: 'adoptable', key, id });
}

function cellsOf({ volumes, parentGraph, usage }: State, snapshot: Snapshot): t.TypeOf<typeof SnapshotCells> {
  const { id, key, kind, parentId, parent, labels, created, updated } = snapshot;
  const { prepared = 0, touched = true, flushed = true } = volumes.wanted.peek(id) ?? {};
  const { bytes = null, inodes = null } = usage.peek(id) ?? {};
  const follows = (parentId === null ? '' : parentGraph.peek(parentId)?.key) === parent;
  return [
    [id, key, kind],
    [parentId, follows ? null : parent],
    labels,
    [created, updated === created ? null : updated],
    [prepared, touched, flushed, bytes, inodes],
  ];
}
