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

/** containerd's labels (2.3) for the content of the layer that an active will become, and for the layer below it. */
export const diffIdLabel = 'containerd.io/snapshot/diff-id';
export const parentChainLabel = 'containerd.io/snapshot/parent-chain-id';

const digest = /^[a-z0-9]+:[0-9a-f]{32,128}$/;

/** The digest of a layer's uncompressed content that a client has labelled it with; null for none, or if it is no digest. */
export function diffIdOf({ [diffIdLabel]: diffId = '' }: Labels): string | null {
  return digest.test(diffId) ? diffId : null;
}

/** The chain id of the layer below: by its label, else containerd's name of the parent; empty for none. */
export const chainBelow = (labels: Labels, parent: Pick<Snapshot, 'key' | 'labels'> | undefined): string =>
  labels[parentChainLabel] ?? (parent === undefined ? '' : refOf(parent));

/** The key under which a layer is an adoption candidate: the same layer, on the same parent, in the same namespace. */
export function adoptionKey(namespace: string, ref: string, parent: string): string {
  return JSON.stringify([namespace, ref, parent]);
}

/** The same for the content of a layer: the same diff id, on a parent of the same chain id, in the same namespace. */
export function contentKey(namespace: string, diffId: string, chain: string): string {
  return JSON.stringify([namespace, { diffId, on: chain }]);
}

/** All keys under which a layer is a candidate. */
export function adoptionKeysOf(
  { key, labels, parent }: Pick<Snapshot, 'key' | 'labels' | 'parent'>,
  diffId: string | null,
): readonly string[] {
  const namespace = namespaceOf(key);
  const byRef = adoptionKey(namespace, refOf({ key, labels }), parent);
  const below = parent === '' ? undefined : { key: parent, labels: {} };
  return diffId === null ? [byRef] : [byRef, contentKey(namespace, diffId, chainBelow(labels, below))];
}
