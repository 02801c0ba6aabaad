import type { Event } from '../events/registry.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';

type Children = PersistentMap<number, true>;

/** A living snapshot's place in the parent graph. */
export interface Descent {
  readonly key: string;
  readonly parentId: number | null;
  readonly children: Children;
}

/** The parent graph by id, with child links. */
export type Lineage = PersistentMap<number, Descent>;

export const emptyLineage: Lineage = emptyMap();
/** What every snapshot without children shares. */
export const childless: Children = emptyMap();

/** Total: an event that does not fit the graph changes nothing. */
export function evolveLineage(lineage: Lineage, event: Event): Lineage {
  switch (event.type) {
    case 'SnapshotPrepared':
    case 'SnapshotRestored': {
      const { id, key, parentId } = event.data;
      return linked(lineage.set(id, { key, parentId, children: childless }), parentId, id);
    }
    case 'SnapshotCommitted': {
      const { id, name, parentId } = event.data;
      const descent = lineage.get(id);
      return descent === undefined
        ? lineage
        : linked(lineage.set(id, { ...descent, key: name, parentId }), parentId, id);
    }
    case 'SnapshotRemoved':
    case 'PrepareUndone':
    case 'VolumeLost':
      return unlinked(lineage, event.data.id);
    default:
      return lineage;
  }
}

function linked(lineage: Lineage, parentId: number | null, id: number): Lineage {
  const parent = parentId === null ? undefined : lineage.get(parentId);
  if (parentId === null || parent === undefined || parent.children.has(id)) return lineage;
  return lineage.set(parentId, { ...parent, children: parent.children.set(id, true) });
}

function unlinked(lineage: Lineage, id: number): Lineage {
  const descent = lineage.get(id);
  if (descent === undefined) return lineage;
  const rest = lineage.delete(id);
  const parent = descent.parentId === null ? undefined : rest.get(descent.parentId);
  if (descent.parentId === null || parent === undefined) return rest;
  return rest.set(descent.parentId, { ...parent, children: parent.children.delete(id) });
}

/** Ids of the chain of parents of a snapshot, nearest first, as far as it is living. */
export function ancestors(lineage: Lineage, parentId: number | null): number[] {
  const chain: number[] = [];
  for (let id = parentId; id !== null; ) {
    const descent = lineage.get(id);
    if (descent === undefined) break;
    chain.push(id);
    id = descent.parentId;
  }
  return chain;
}
