import type { Event } from '../../events/registry.ts';
import {
  adoptionKey,
  chainBelow,
  contentKey,
  diffIdOf,
  namespaceOf,
  refLabel,
  refOf,
  type Snapshot,
} from '../../projections/snapshot.ts';
import type { State } from '../../projections/state.ts';
import type { Retained } from '../../projections/volumes.ts';
import type { Prepare } from './commands.ts';

/** Where a layer is to exist, if that differs from where it was: containerd's name of it, and its parent. */
interface Place extends Pick<Snapshot, 'parent' | 'parentId'> {
  readonly ref: string;
}

/** A layer that exists already and equals the one that an active will become. */
interface Adoptable {
  readonly snapshot: Snapshot;
  /** it must be restored first; a layer that was restored and not adopted yet exists already */
  readonly retained: Retained | undefined;
  readonly place: Place;
}

/**
 * The layer that containerd can adopt instead of unpacking it again, or undefined. Prepare's label `containerd.io/snapshot.ref`
 * names the layer that the active will become. The layer must be committed, flushed and of the same namespace; its name must
 * be free. It has that name and the command's parent, or the diff id that the command names, and a parent of the same
 * chain id: with `reparent` that may be another snapshot.
 */
export function adoptable(
  state: State,
  command: Prepare,
  { reparent }: { readonly reparent: boolean },
): Adoptable | undefined {
  const { key, kind, parent, labels } = command;
  const { [refLabel]: ref = '' } = labels;
  if (ref === '' || kind !== 'active' || state.volumes.adoptable.size === 0 || state.index.has(key)) return undefined;
  const base = state.index.get(parent);
  if (parent !== '' && base?.kind !== 'committed') return undefined;
  const place = { ref, parent, parentId: base?.id ?? null };
  for (const candidate of candidateKeys(command, base)) {
    const id = state.volumes.adoptable.get(candidate);
    const found = id === undefined ? undefined : adoptableAs(state, id, place);
    if (found !== undefined && (reparent || found.snapshot.parentId === place.parentId)) return found;
  }
  return undefined;
}

function* candidateKeys({ key, parent, labels }: Prepare, base: Snapshot | undefined): Iterable<string> {
  const namespace = namespaceOf(key);
  yield adoptionKey(namespace, labels[refLabel] ?? '', parent);
  const diffId = diffIdOf(labels);
  const chain = chainBelow(labels, base);
  // A layer that gets its parent at its commit can't be adopted: containerd would take it for one without.
  if (diffId !== null && (chain === '') === (base === undefined)) yield contentKey(namespace, diffId, chain);
}

function adoptableAs({ volumes, index, parentGraph }: State, id: number, place: Place): Adoptable | undefined {
  const retained = volumes.retained.get(id);
  const snapshot = retained?.snapshot ?? index.get(parentGraph.get(id)?.key ?? '');
  if (snapshot === undefined || snapshot.kind !== 'committed') return undefined;
  const flushed = (retained ?? volumes.wanted.get(id))?.flushed === true;
  const free =
    retained === undefined
      ? snapshot.labels[refLabel] === place.ref && snapshot.parentId === place.parentId
      : !index.has(snapshot.key) && (snapshot.parentId === null) === (place.parentId === null);
  return flushed && free ? { snapshot, retained, place } : undefined;
}

/**
 * Restores a retained layer, with the label by which containerd finds layers that it can adopt; by default as the layer, and on
 * the parent, that it was.
 */
export function restoration({ snapshot }: Retained, why: string, place?: Place): Event {
  const { id, key, created, labels: before } = snapshot;
  const { ref, parent, parentId } = place ?? { ...snapshot, ref: refOf(snapshot) };
  const labels = ref === '' ? before : { ...before, [refLabel]: ref };
  return { type: 'SnapshotRestored', data: { id, key, parent, parentId, labels, created, why } };
}
