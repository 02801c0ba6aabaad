import type { Event } from '../events/registry.ts';
import type { Mutable, ReadableMap } from './latest/overlay-map.ts';

/** An existing snapshot in the parent graph. */
export interface ParentNode {
  readonly key: string;
  readonly parentId: number | null;
  /** how many existing snapshots have it as their parent */
  readonly children: number;
}

/** The existing snapshots by id, with links to their parents. */
export type ParentGraph = ReadableMap<number, ParentNode>;

export function evolveParentGraph(graph: Mutable<ParentGraph>, event: Event): void {
  switch (event.type) {
    case 'SnapshotPrepared':
    case 'SnapshotTakenOver':
    case 'SnapshotRestored':
      addNode(graph, event.data);
      break;
    case 'SnapshotCommitted': {
      const { id, name, parentId } = event.data;
      const node = graph.get(id);
      if (node === undefined) break;
      graph.set(id, { ...node, key: name, parentId });
      if (node.parentId === parentId) break;
      countChildren(graph, node.parentId, -1);
      countChildren(graph, parentId, 1);
      break;
    }
    case 'SnapshotRemoved':
    case 'PrepareUndone':
    case 'VolumeLost': {
      const node = graph.get(event.data.id);
      if (node === undefined) break;
      graph.delete(event.data.id);
      countChildren(graph, node.parentId, -1);
      break;
    }
    default:
  }
}

/** Adds a snapshot whose parent is there already. */
export function addNode(
  graph: Mutable<ParentGraph>,
  { id, key, parentId }: Pick<ParentNode, 'key' | 'parentId'> & { readonly id: number },
): void {
  graph.set(id, { key, parentId, children: 0 });
  countChildren(graph, parentId, 1);
}

function countChildren(graph: Mutable<ParentGraph>, parentId: number | null, by: 1 | -1): void {
  const parent = parentId === null ? undefined : graph.get(parentId);
  if (parentId === null || parent === undefined) return;
  graph.set(parentId, { ...parent, children: parent.children + by });
}

/** Ids of the chain of parents of a snapshot, nearest first, as far as they exist. */
export function ancestors(graph: ParentGraph, parentId: number | null): number[] {
  const chain: number[] = [];
  for (let id = parentId; id !== null; ) {
    const node = graph.get(id);
    if (node === undefined) break;
    chain.push(id);
    id = node.parentId;
  }
  return chain;
}

/** Ids of the children of a snapshot, in order. Iterates over the whole graph. */
export function childrenOf(graph: ParentGraph, id: number): number[] {
  const children: number[] = [];
  for (const [child, { parentId }] of graph) if (parentId === id) children.push(child);
  return children.sort((a, b) => a - b);
}
