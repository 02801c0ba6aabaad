import type { Snapshot } from './snapshot.ts';

/** The label by which containerd says which layer an active is to become, and by which it finds one that is there. */
export const refLabel = 'containerd.io/snapshot.ref';

/** containerd's keys: `namespace/sequence/the client's own key`. */
const composed = /^([^/]+)\/\d+\/(.+)$/s;

/** The namespace that containerd made a key or name in; empty where the key has not the form of its keys. */
export const namespaceOf = (key: string): string => composed.exec(key)?.[1] ?? '';

/** What containerd calls a layer: by its label, else by the client's part of its name; empty where neither tells. */
export const refOf = ({ key, labels }: Pick<Snapshot, 'key' | 'labels'>): string =>
  labels[refLabel] ?? composed.exec(key)?.[2] ?? '';

/** For what a layer can be adopted: the same layer, on the same parent, in the same namespace. */
export function offerFor(namespace: string, ref: string, parent: string): string {
  return JSON.stringify([namespace, ref, parent]);
}

export const offerOf = (snapshot: Snapshot): string =>
  offerFor(namespaceOf(snapshot.key), refOf(snapshot), snapshot.parent);
