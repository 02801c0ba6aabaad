import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';

/** A snapshot as plain JSON: ids, sizes and times are strings of digits, as in the log. */
export function snapshotRow(state: State, snapshot: Snapshot): Record<string, unknown> {
  const { id, key, kind, parent, parentId, labels, created, updated } = snapshot;
  const usage = state.usage.get(id);
  return {
    id: String(id),
    key,
    kind,
    parent,
    parentId: parentId === null ? null : String(parentId),
    labels,
    created: String(created),
    updated: String(updated),
    usage: usage === undefined ? null : { bytes: String(usage.bytes), inodes: String(usage.inodes) },
  };
}
