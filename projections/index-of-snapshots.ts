import type { Labels } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import { emptyMap, type PersistentMap } from './persistent-map.ts';
import type { Snapshot } from './snapshot.ts';

/** Every living snapshot by its key or, once committed, its name: one key space. */
export type Index = PersistentMap<string, Snapshot>;

export const emptyIndex: Index = emptyMap();

/** Total: an event that does not fit the index changes nothing. */
export function evolveIndex(index: Index, { event, time }: Envelope): Index {
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { id, key, kind, parent, parentId, labels } = event.data;
      return index.set(key, {
        id,
        key,
        kind,
        parent: shared(index, parent),
        parentId,
        labels,
        created: time,
        updated: time,
      });
    }
    case 'SnapshotCommitted': {
      const { id, key, name, parent, parentId, labels } = event.data;
      const committed = {
        id,
        key: name,
        kind: 'committed',
        parent: shared(index, parent),
        parentId,
        labels,
        created: time,
        updated: time,
      } as const;
      return without(index, key, id).set(name, committed);
    }
    case 'SnapshotUpdated': {
      const { id, key, after } = event.data;
      const snapshot = index.get(key);
      if (snapshot?.id !== id) return index;
      return index.set(key, { ...snapshot, labels: relabelled(snapshot.labels, after), updated: time });
    }
    case 'SnapshotRestored': {
      const { why: _, ...snapshot } = event.data;
      return index.set(snapshot.key, { ...snapshot, kind: 'committed', updated: time });
    }
    case 'SnapshotRemoved':
    case 'PrepareUndone':
    case 'VolumeLost':
      return without(index, event.data.key, event.data.id);
    default:
      return index;
  }
}

/** An empty value deletes. */
function relabelled(labels: Labels, changed: Labels): Labels {
  const merged = Object.entries({ ...labels, ...changed });
  return Object.fromEntries(merged.filter(([, value]) => value !== ''));
}

function without(index: Index, key: string, id: number): Index {
  return index.get(key)?.id === id ? index.delete(key) : index;
}

/** The parent's name as the parent itself has it: names are long, and a layer may have many children. */
function shared(index: Index, parent: string): string {
  return index.get(parent)?.key ?? parent;
}
