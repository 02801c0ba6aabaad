import type { Bucket, Entry, MetadataContent, StoredSnapshot } from '../../ports/containerd-store.ts';
import { time, uvarint, varint } from './go-values.ts';
import { buckets, fields, kindByte, linkKey } from './snapshot-fields.ts';

/** The buckets in which containerd's metastore keeps these snapshots. */
export function snapshotBuckets({ lastId, snapshots }: MetadataContent): Bucket {
  const ids = new Map(snapshots.map(({ key, id }) => [key, id]));
  const links = snapshots.flatMap(({ id, key, parent }) =>
    parent === '' ? [] : [{ key: linkKey(ids.get(parent) ?? 0, id), value: Buffer.from(key) }],
  );
  return bucket([
    entry(
      buckets.version,
      bucket([
        entry(buckets.snapshots, bucket(snapshots.map(bucketOf), lastId)),
        entry(buckets.parents, bucket(links)),
      ]),
    ),
  ]);
}

const bucket = (entries: readonly Entry[], sequence = 0): Bucket => ({
  sequence: BigInt(sequence),
  entries,
});

const entry = (key: string, value: Entry['value']): Entry => ({ key: Buffer.from(key), value });

function bucketOf({ id, key, kind, parent, labels, created, updated, usage }: StoredSnapshot): Entry {
  const labelled = Object.entries(labels).map(([name, value]) => entry(name, Buffer.from(value)));
  return entry(
    key,
    bucket([
      entry(fields.id, uvarint(id)),
      entry(fields.kind, kindByte(kind)),
      ...(parent === '' ? [] : [entry(fields.parent, Buffer.from(parent))]),
      entry(fields.created, time(created)),
      entry(fields.updated, time(updated)),
      ...(usage === null ? [] : [entry(fields.inodes, varint(usage.inodes)), entry(fields.bytes, varint(usage.bytes))]),
      ...(labelled.length === 0 ? [] : [entry(buckets.labels, bucket(labelled))]),
    ]),
  );
}
