import type { Event } from '../events/registry.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';

type Children = PersistentMap<number, true>;

/** A living snapshot's place in the parent graph. */
export interface ParentNode {
  readonly key: string;
  readonly parentId: number | null;
  readonly children: Children;
}

/** The parent graph by id, with child links. */
export type ParentGraph = PersistentMap<number, ParentNode>;

export const emptyParentGraph: ParentGraph = emptyMap();
/** What every snapshot without children shares. */
export const childless: Children = emptyMap();

/** Total: an event that does not fit the graph changes nothing. */
export function evolveParentGraph(graph: ParentGraph, event: Event): ParentGraph {
  switch (event.type) {
    case 'SnapshotPrepared':
    case 'SnapshotRestored': {
      const { id, key, parentId } = event.data;
      return linked(graph.set(id, { key, parentId, children: childless }), parentId, id);
    }
    case 'SnapshotCommitted': {
      const { id, name, parentId } = event.data;
      const descent = graph.get(id);
      return descent === undefined ? graph : linked(graph.set(id, { ...descent, key: name, parentId }), parentId, id);
    }
    case 'SnapshotRemoved':
    case 'PrepareUndone':
    case 'VolumeLost':
      return unlinked(graph, event.data.id);
    default:
      return graph;
  }
}

function linked(graph: ParentGraph, parentId: number | null, id: number): ParentGraph {
  const parent = parentId === null ? undefined : graph.get(parentId);
  if (parentId === null || parent === undefined || parent.children.has(id)) return graph;
  return graph.set(parentId, { ...parent, children: parent.children.set(id, true) });
}

function unlinked(graph: ParentGraph, id: number): ParentGraph {
  const descent = graph.get(id);
  if (descent === undefined) return graph;
  const rest = graph.delete(id);
  const parent = descent.parentId === null ? undefined : rest.get(descent.parentId);
  if (descent.parentId === null || parent === undefined) return rest;
  return rest.set(descent.parentId, { ...parent, children: parent.children.delete(id) });
}

/** Ids of the chain of parents of a snapshot, nearest first, as far as it is living. */
export function ancestors(graph: ParentGraph, parentId: number | null): number[] {
  const chain: number[] = [];
  for (let id = parentId; id !== null; ) {
    const descent = graph.get(id);
    if (descent === undefined) break;
    chain.push(id);
    id = descent.parentId;
  }
  return chain;
}
