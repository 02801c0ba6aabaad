import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createContainerdDatabases } from '../../src/adapters/containerd-store/containerd-databases.ts';
import { createSystem } from '../../src/adapters/system/system.ts';
import type { Bucket, Entry, MetadataContent, StoredSnapshot } from '../../src/ports/containerd-store.ts';

export const databases = createContainerdDatabases(createSystem());

export interface Tree {
  readonly [key: string]: string | Tree;
}

/** A bucket of texts and buckets. */
export const bucketOf = (tree: Tree): Bucket => ({
  sequence: 7n,
  entries: Object.entries(tree).map(
    ([key, value]): Entry => ({
      key: Buffer.from(key),
      value: typeof value === 'string' ? Buffer.from(value) : bucketOf(value),
    }),
  ),
});

/** containerd's own database, in which one snapshotter has all the snapshots. */
export function metaOf({ snapshots }: Pick<MetadataContent, 'snapshots'>, snapshotter: string): Bucket {
  const recorded = snapshots.map(({ key }) => [key, { name: key }] as const);
  const labels = {
    [`containerd.io/gc.ref.snapshot.${snapshotter}`]: 'sha256:aa',
    'containerd.io/gc.ref.content.config': 'sha256:bb',
  };
  const namespace = {
    labels: { 'containerd.io/defaults/snapshotter': snapshotter },
    content: { blob: { 'sha256:cc': { labels, size: '1' } } },
    containers: { web: { image: 'overlayfs', snapshotter } },
    leases: { l: { snapshots: { [snapshotter]: { k: '' } } } },
    snapshots: { devmapper: {}, [snapshotter]: Object.fromEntries(recorded) },
  };
  return bucketOf({ v1: { default: namespace, version: '\u0004' } });
}

/** A chain of layers below some containers and a view, as containerd keeps them. */
export function contentOf(layers: number): MetadataContent {
  const time = (id: number) => 1_790_000_000_123_456_789n + BigInt(id);
  const name = (id: number) => `default/${id}/sha256:${String(id).padStart(64, '0')}`;
  const committed = Array.from({ length: layers }, (_, at): StoredSnapshot => {
    const id = at + 1;
    const times = { created: time(id), updated: time(2 * id) };
    const parent = id % 20 === 1 ? '' : name(id - 1);
    return {
      id,
      key: name(id),
      kind: 'committed',
      parent,
      labels: { n: String(id) },
      ...times,
      usage: { bytes: 8192, inodes: 2 },
    };
  });
  const open = (id: number, kind: 'active' | 'view'): StoredSnapshot => ({
    ...{ id, key: `default/${id}/${kind}`, kind, parent: name(layers), labels: {} },
    ...{ created: time(id), updated: time(id), usage: null },
  });
  return { lastId: layers + 5, snapshots: [...committed, open(layers + 1, 'active'), open(layers + 2, 'view')] };
}

/** Makes containerd's root, with the root of its overlay snapshotter in it, which it returns. */
export async function makeContainerdRoot(containerdRoot: string, content = contentOf(3)): Promise<string> {
  const root = join(containerdRoot, 'io.containerd.snapshotter.v1.overlayfs');
  const database = databasePath(root);
  for (const folder of [join(root, 'snapshots'), dirname(database)])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  await databases.writeMetadata(join(root, 'metadata.db'), content);
  await databases.writeBuckets(database, metaOf(content, 'overlayfs'));
  for (const { id, kind } of content.snapshots) {
    mkdirSync(join(root, `snapshots/${id}/fs`), { recursive: true });
    if (kind !== 'view') mkdirSync(join(root, `snapshots/${id}/work`), { mode: 0o711 });
    if (kind === 'committed') writeFileSync(join(root, `snapshots/${id}/fs/file`), `layer ${id}`);
  }
  return root;
}

export const databasePath = (root: string) => join(dirname(root), 'io.containerd.metadata.v1.bolt/meta.db');

/** The content of a snapshotter's database. */
export async function readMetadata(root: string): Promise<MetadataContent> {
  const { content, release } = await databases.openMetadata(join(root, 'metadata.db'));
  await release();
  return content;
}

/** containerd's own database, without the pages that its parts are on. */
export async function readMeta(root: string): Promise<Bucket> {
  const { root: read, release } = await databases.openBuckets(databasePath(root));
  await release();
  return withoutPages(read);
}

export const withoutPages = ({ sequence, entries }: Bucket): Bucket => ({
  sequence,
  entries: entries
    .map(({ key, value }) => ({ key, value: Buffer.isBuffer(value) ? Buffer.from(value) : withoutPages(value) }))
    .sort((a, b) => a.key.compare(b.key)),
});

/** All entries of both, the first one's if both have them. */
export function merged(one: Bucket, other: Bucket): Bucket {
  const entries = one.entries.map((entry) => {
    const same = other.entries.find(({ key }) => key.equals(entry.key));
    if (same === undefined || Buffer.isBuffer(entry.value) || Buffer.isBuffer(same.value)) return entry;
    return { ...entry, value: merged(entry.value, same.value) };
  });
  const more = other.entries.filter(({ key }) => !one.entries.some((entry) => entry.key.equals(key)));
  return { ...one, entries: [...entries, ...more] };
}

/** The bucket at the end of a path of names. */
export function bucketAt(bucket: Bucket, ...path: readonly string[]): Bucket {
  const [name, ...rest] = path;
  if (name === undefined) return bucket;
  const found = bucket.entries.find(({ key }) => key.equals(Buffer.from(name)));
  if (found === undefined || Buffer.isBuffer(found.value)) throw new Error(`there is no bucket ${name}`);
  return bucketAt(found.value, ...rest);
}
