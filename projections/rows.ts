import type * as t from 'io-ts';
import { DoomedRow, LifeRow, OfferedRow, RetainedRow, SnapshotCells } from './row-codecs.ts';
import type { Snapshot } from './snapshot.ts';
import type { State } from './state.ts';

/**
 * The state as rows of plain JSON, for a checkpoint: the life of the store first, then one row a snapshot, then the
 * doomed, the retained and the offers. `fromRows` is the way back.
 */
export function* toRows(state: State): IterableIterator<unknown> {
  yield LifeRow.encode({ row: 'life', position: state.position, ...state.life });
  for (const [, snapshot] of state.index) yield SnapshotCells.encode(cellsOf(state, snapshot));
  for (const [id, doomed] of state.volumes.doomed) yield DoomedRow.encode({ row: 'doomed', id, ...doomed });
  for (const [id, { snapshot, ...rest }] of state.volumes.retained)
    yield RetainedRow.encode({ row: 'retained', ...snapshot, ...rest, usage: state.usage.peek(id) ?? null });
  for (const [offer, id] of state.volumes.offered) yield OfferedRow.encode({ row: 'offered', offer, id });
}

function cellsOf({ volumes, lineage, usage }: State, snapshot: Snapshot): t.TypeOf<typeof SnapshotCells> {
  const { id, key, kind, parentId, parent, labels, created, updated } = snapshot;
  const { prepared = 0, touched = true, flushed = true } = volumes.wanted.peek(id) ?? {};
  const { bytes = null, inodes = null } = usage.peek(id) ?? {};
  const follows = (parentId === null ? '' : lineage.peek(parentId)?.key) === parent;
  return [
    [id, key, kind],
    [parentId, follows ? null : parent],
    labels,
    [created, updated === created ? null : updated],
    [prepared, touched, flushed, bytes, inodes],
  ];
}
