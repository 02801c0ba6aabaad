import type { Labels } from '../events/codecs.ts';
import type { Envelope } from '../events/envelope.ts';
import type { Mutable, ReadableMap } from './latest/overlay-map.ts';
import type { Snapshot } from './snapshot.ts';

/** Every existing snapshot by its key or, once committed, its name: one key space. A parent precedes its children. */
export type Index = ReadableMap<string, Snapshot>;

export function evolveIndex(index: Mutable<Index>, { event, time }: Envelope): void {
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { id, key, kind, parent, parentId, labels } = event.data;
      const times = { created: time, updated: time };
      index.set(key, { id, key, kind, parent: shared(index, parent), parentId, labels, ...times });
      break;
    }
    case 'SnapshotTakenOver': {
      const { usage: _, ...snapshot } = event.data;
      index.set(snapshot.key, { ...snapshot, parent: shared(index, snapshot.parent) });
      break;
    }
    case 'SnapshotCommitted': {
      const { id, key, name, parent, parentId, labels } = event.data;
      const times = { created: time, updated: time };
      remove(index, key, id);
      index.set(name, { id, key: name, kind: 'committed', parent: shared(index, parent), parentId, labels, ...times });
      break;
    }
    case 'SnapshotUpdated': {
      const { id, key, after } = event.data;
      const snapshot = index.get(key);
      if (snapshot?.id !== id) break;
      index.set(key, { ...snapshot, labels: relabelled(snapshot.labels, after), updated: time });
      break;
    }
    case 'SnapshotRestored': {
      const { why: _, ...snapshot } = event.data;
      index.set(snapshot.key, { ...snapshot, kind: 'committed', updated: time });
      break;
    }
    case 'SnapshotRemoved':
    case 'PrepareUndone':
    case 'VolumeLost':
      remove(index, event.data.key, event.data.id);
      break;
    default:
  }
}

/** An empty value deletes. */
function relabelled(labels: Labels, changed: Labels): Labels {
  const merged = Object.entries({ ...labels, ...changed });
  return Object.fromEntries(merged.filter(([, value]) => value !== ''));
}

function remove(index: Mutable<Index>, key: string, id: number): void {
  if (index.get(key)?.id === id) index.delete(key);
}

/** The parent's name as the parent itself has it: names are long, and a layer may have many children. */
const shared = (index: Index, parent: string): string => index.get(parent)?.key ?? parent;
