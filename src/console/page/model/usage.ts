import type { Tree } from './forest.ts';

/** Bytes of one kind of snapshots of an image. */
export interface Usage {
  readonly namespace: string;
  readonly image: string;
  /** text that finds it in the Store */
  readonly search: string;
  readonly kind: 'committed' | 'active' | 'retained';
  readonly bytes: number;
  readonly snapshots: number;
}

/** The measured bytes of trees by namespace, image and kind, largest first. Views have no bytes of their own. */
export function usageOf(trees: readonly Tree[]): readonly Usage[] {
  const found = new Map<string, { -readonly [K in keyof Usage]: Usage[K] }>();
  for (const { root, title, nodes } of trees)
    for (const { kind, bytes, retained, image, namespace } of nodes) {
      if (bytes <= 0 || kind === 'view') continue;
      const row = {
        namespace: namespace === '' ? root.namespace : namespace,
        image: image === '' ? title : image,
        search: image === '' ? String(root.id) : image,
        kind: retained > 0 ? ('retained' as const) : kind,
      };
      const key = JSON.stringify(row);
      const usage = found.get(key) ?? { ...row, bytes: 0, snapshots: 0 };
      usage.bytes += bytes;
      usage.snapshots += 1;
      found.set(key, usage);
    }
  return [...found.values()].sort((a, b) => b.bytes - a.bytes);
}

/** The largest ones, and the rest of each namespace and kind as one. */
export function largest(usage: readonly Usage[], count: number): readonly Usage[] {
  const rest = new Map<string, Usage>();
  for (const one of usage.slice(count)) {
    const key = JSON.stringify([one.namespace, one.kind]);
    const { bytes = 0, snapshots = 0 } = rest.get(key) ?? {};
    rest.set(key, {
      ...one,
      image: 'others',
      search: '',
      bytes: bytes + one.bytes,
      snapshots: snapshots + one.snapshots,
    });
  }
  return [...usage.slice(0, count), ...rest.values()];
}

/** What has the same key, in the order of the first ones. */
export function grouped<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
