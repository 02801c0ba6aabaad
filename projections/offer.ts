import { namespaceOf, ownKeyOf } from './composed-key.ts';
import type { Snapshot } from './snapshot.ts';

/** The label by which containerd says which layer an active is to become, and by which it finds one that is there. */
export const refLabel = 'containerd.io/snapshot.ref';

/** What containerd calls a layer: by its label, else by the client's part of its name; empty where neither tells. */
export const refOf = ({ key, labels }: Pick<Snapshot, 'key' | 'labels'>): string => labels[refLabel] ?? ownKeyOf(key);

/** For what a layer can be adopted: the same layer, on the same parent, in the same namespace. */
export function offerFor(namespace: string, ref: string, parent: string): string {
  return JSON.stringify([namespace, ref, parent]);
}

export const offerOf = (snapshot: Snapshot): string =>
  offerFor(namespaceOf(snapshot.key), refOf(snapshot), snapshot.parent);
