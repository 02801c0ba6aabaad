import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { type Branch, branches } from './branches.ts';
import { snapshotRow } from './snapshot-row.ts';

/** The living snapshots, children below their parents, each by its number. */
export function family({ index, parentGraph }: State): Iterable<Branch<Snapshot>> {
  const byParent = new Map<number | null, Snapshot[]>();
  for (const snapshot of [...index.values()].sort((a, b) => a.id - b.id)) {
    // A snapshot whose parent is gone is shown as a root, so that nothing is hidden; verify explains it.
    const parentId = snapshot.parentId !== null && parentGraph.has(snapshot.parentId) ? snapshot.parentId : null;
    const children = byParent.get(parentId);
    if (children === undefined) byParent.set(parentId, [snapshot]);
    else children.push(snapshot);
  }
  return branches(byParent.get(null) ?? [], ({ id }) => byParent.get(id) ?? []);
}

/** The same as plain JSON, one row a snapshot with its depth. */
export const familyRows = (state: State): readonly Record<string, unknown>[] =>
  [...family(state)].map(({ node, depth }) => ({ ...snapshotRow(state, node), depth }));
