import type { Event } from '../../events/registry.ts';
import { adoptionKey, namespaceOf, refLabel, refOf, type Snapshot } from '../../projections/snapshot.ts';
import type { State } from '../../projections/state.ts';
import type { Retained } from '../../projections/volumes.ts';
import type { Prepare } from './commands.ts';

/** A layer that exists already and equals the one that an active will become. */
interface Adoptable {
  readonly snapshot: Snapshot;
  /** it must be restored first; a layer that was restored and not adopted yet exists already */
  readonly retained: Retained | undefined;
}

/**
 * The layer that containerd can adopt instead of unpacking it again, or undefined. Prepare's label `containerd.io/snapshot.ref`
 * names the layer that the active will become. It must be committed, flushed, of the same namespace, and have the same
 * parent as the command; its name must be free.
 */
export function adoptable(state: State, { key, kind, parent, labels }: Prepare): Adoptable | undefined {
  const { [refLabel]: ref = '' } = labels;
  if (ref === '' || kind !== 'active' || state.volumes.adoptable.size === 0 || state.index.has(key)) return undefined;
  const id = state.volumes.adoptable.get(adoptionKey(namespaceOf(key), ref, parent));
  const base = state.index.get(parent);
  if (id === undefined || (parent !== '' && base?.kind !== 'committed')) return undefined;
  const retained = state.volumes.retained.get(id);
  const snapshot = retained?.snapshot ?? state.index.get(state.parentGraph.get(id)?.key ?? '');
  if (snapshot === undefined || snapshot.kind !== 'committed') return undefined;
  const flushed = (retained ?? state.volumes.wanted.get(id))?.flushed === true;
  const free = retained === undefined ? snapshot.labels[refLabel] === ref : !state.index.has(snapshot.key);
  return flushed && free && snapshot.parentId === (base?.id ?? null) ? { snapshot, retained } : undefined;
}

/** Restores a retained layer, with the label by which containerd finds layers that it can adopt. */
export function restoration({ snapshot }: Retained, why: string): Event {
  const { id, key, parent, parentId, created } = snapshot;
  const ref = refOf(snapshot);
  const labels = ref === '' ? snapshot.labels : { ...snapshot.labels, [refLabel]: ref };
  return { type: 'SnapshotRestored', data: { id, key, parent, parentId, labels, created, why } };
}
