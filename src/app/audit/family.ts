import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { type Branch, branches } from './branches.ts';
import { snapshotRow } from './snapshot-row.ts';

/** The living snapshots, children below their parents, each by its number. */
export function family({ index, parentGraph }: State): Iterable<Branch<Snapshot>> {
  const byId = new Map([...index.values()].map((snapshot) => [snapshot.id, snapshot]));
  const inOrder = (ids: Iterable<number>) =>
    [...ids].sort((a, b) => a - b).flatMap((id): Snapshot[] => (byId.has(id) ? [byId.get(id) as Snapshot] : []));
  // A snapshot whose parent is gone stands as a root of its own, so that nothing is hidden; verify explains it.
  const roots = [...byId.values()].filter(({ parentId }) => parentId === null || !byId.has(parentId));
  const childrenOf = ({ id }: Snapshot) => inOrder([...(parentGraph.get(id)?.children ?? [])].map(([child]) => child));
  return branches(inOrder(roots.map(({ id }) => id)), childrenOf);
}

/** The same as plain JSON, one row a snapshot with its depth. */
export const familyRows = (state: State): readonly Record<string, unknown>[] =>
  [...family(state)].map(({ node, depth }) => ({ ...snapshotRow(state, node), depth }));
