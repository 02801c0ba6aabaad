import { ownKeyOf } from '../../../../projections/snapshot.ts';
import type { FleetImage } from '../../../ports/fleet-database.ts';
import type { SnapshotFacts } from '../../../ports/fleet-questions.ts';
import { type FleetSource, nodeNamed } from './nodes.ts';
import type { NodeChange } from './rows.ts';

interface Entry extends Pick<NodeChange, 'what' | 'namespace' | 'name'> {
  readonly value: string;
}

const layerOf = ({ namespace, chainId, key, bytes }: SnapshotFacts): Entry => ({
  what: 'layer',
  namespace,
  name: chainId || ownKeyOf(key) || key,
  value: bytes === null ? '' : String(bytes),
});

const imageEntry = ({ namespace, name, target }: FleetImage): Entry => ({
  what: 'image',
  namespace,
  name,
  value: target,
});

/** The committed layers and images that only one of two nodes has, and images that point elsewhere; by name. */
export async function differenceOf(
  { fleet }: FleetSource,
  { left, right }: { readonly left: string; readonly right: string },
): Promise<readonly NodeChange[]> {
  const stores = await fleet.stores();
  const entriesOf = async (text: string) => {
    const { store } = nodeNamed(stores, text);
    const [snapshots, images] = await Promise.all([fleet.snapshotsOf(store), fleet.imagesOf(store)]);
    const entries = [...snapshots.filter(({ kind }) => kind === 'committed').map(layerOf), ...images.map(imageEntry)];
    return new Map(entries.map((entry) => [JSON.stringify([entry.what, entry.namespace, entry.name]), entry]));
  };
  const [before, after] = await Promise.all([entriesOf(left), entriesOf(right)]);
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    const entry = one ?? other;
    const same = one !== undefined && other !== undefined && (entry?.what === 'layer' || one.value === other.value);
    if (entry === undefined || same) return [];
    const { what, namespace, name } = entry;
    return [{ what, namespace, name, left: one?.value ?? null, right: other?.value ?? null }];
  });
}
