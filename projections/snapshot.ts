import type { Kind, Labels } from '../events/codecs.ts';

/** A snapshot as Stat shows it. `key` is a committed snapshot's name, or the key of an active or view: one key space. */
export interface Snapshot {
  readonly id: number;
  readonly key: string;
  readonly kind: Kind;
  /** the parent's name, empty for none */
  readonly parent: string;
  readonly parentId: number | null;
  readonly labels: Labels;
  /** nanoseconds since 1970 UTC; a commit sets both anew */
  readonly created: bigint;
  readonly updated: bigint;
}

/** containerd's keys: `namespace/sequence/the client's own key`. */
const composed = /^([^/]+)\/\d+\/(.+)$/s;

/** containerd's namespace in a key or name; empty if it does not have that form. */
export const namespaceOf = (key: string): string => composed.exec(key)?.[1] ?? '';

/** The client's part of a key or name; empty if it does not have that form. */
export const ownKeyOf = (key: string): string => composed.exec(key)?.[2] ?? '';

/** containerd's label for the layer that an active will become. containerd finds an existing layer by it. */
export const refLabel = 'containerd.io/snapshot.ref';

/** containerd's name of a layer: its label, else the client's part of its name; empty if it has neither. */
export const refOf = ({ key, labels }: Pick<Snapshot, 'key' | 'labels'>): string => labels[refLabel] ?? ownKeyOf(key);

/** The key under which a layer is an adoption candidate: the same layer, on the same parent, in the same namespace. */
export function adoptionKey(namespace: string, ref: string, parent: string): string {
  return JSON.stringify([namespace, ref, parent]);
}

export const adoptionKeyOf = (snapshot: Snapshot): string =>
  adoptionKey(namespaceOf(snapshot.key), refOf(snapshot), snapshot.parent);
