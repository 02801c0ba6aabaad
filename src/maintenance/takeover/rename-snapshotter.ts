import type { Bucket, Entry } from '../../ports/containerd-store.ts';
import { Fault } from '../../ports/fault.ts';

/** containerd's own database (`meta.db`) with a snapshotter's name replaced, and how often it was. */
export interface RenamedSnapshotter {
  readonly root: Bucket;
  /** the snapshotter's names of the snapshots that are recorded under its name */
  readonly names: ReadonlySet<string>;
  /** containers that were made with it */
  readonly containers: number;
  /** all changes: buckets, containers and labels. 0: the name does not occur */
  readonly changes: number;
}

/** A name that is replaced, in the forms in which it occurs. */
interface Renaming {
  readonly from: string;
  readonly to: string;
  readonly names: Set<string>;
  /** a namespace that has snapshots under the other name, or empty */
  others: string;
  containers: number;
  changes: number;
}

/**
 * Replaces a snapshotter's name in containerd's own database: where its snapshots are listed, in leases and containers, in labels
 * that refer to snapshots, and as the default of a namespace. Nothing else is changed. Throws a Fault (`misuse`) if the other name
 * has snapshots too, in whatever namespace. Source: containerd's metadata/buckets.go and metadata/gc.go, 1.6.20 to 2.4.0-beta.0.
 */
export function renameSnapshotter(root: Bucket, from: string, to: string): RenamedSnapshotter {
  const renaming: Renaming = { from, to, names: new Set(), others: '', containers: 0, changes: 0 };
  const renamed = inside(root, 'v1', (version) =>
    mapBuckets(version, (namespace, name) => namespaceOf(namespace, name, renaming)),
  );
  const { names, others, containers, changes } = renaming;
  if (names.size > 0 && others !== '') throw bothUsed(renaming);
  return { root: renamed, names, containers, changes };
}

function namespaceOf(namespace: Bucket, name: string, renaming: Renaming): Bucket {
  const listed = inside(namespace, 'snapshots', (snapshots) => {
    for (const { value } of bucketNamed(snapshots, renaming.from)?.entries ?? []) {
      const own = Buffer.isBuffer(value)
        ? undefined
        : value.entries.find(({ key }) => key.toString() === 'name')?.value;
      if (Buffer.isBuffer(own)) renaming.names.add(own.toString());
    }
    if (bucketNamed(snapshots, renaming.to)?.entries.length) renaming.others = name;
    return renameKey(snapshots, renaming);
  });
  const leased = inside(listed, 'leases', (leases) =>
    mapBuckets(leases, (lease) => inside(lease, 'snapshots', (snapshots) => renameKey(snapshots, renaming))),
  );
  const contained = inside(leased, 'containers', (containers) =>
    mapBuckets(containers, (container) => mapEntries(container, (entry) => containerField(entry, renaming))),
  );
  return relabelled(contained, renaming);
}

const bothUsed = ({ from, to, others }: Renaming) =>
  new Fault('misuse', `namespace ${others}: containerd has snapshots of ${to}, and others of ${from}`, {
    hint: `remove those of one of them first (ctr -n ${others} snapshots --snapshotter ${to} ls); nothing was changed`,
  });

/** What is recorded under both names is merged: containerd makes the bucket of a name before it asks the snapshotter. */
function renameKey(bucket: Bucket, renaming: Renaming): Bucket {
  const [from, to] = [bucketNamed(bucket, renaming.from), bucketNamed(bucket, renaming.to)];
  if (from === undefined) return bucket;
  renaming.changes += 1;
  const key = Buffer.from(renaming.to);
  const rest = bucket.entries.filter(
    (entry) => !entry.key.equals(key) && !entry.key.equals(Buffer.from(renaming.from)),
  );
  return { ...bucket, entries: [...rest, { key, value: to === undefined ? from : merged(from, to) }] };
}

function merged(one: Bucket, other: Bucket): Bucket {
  const byKey = new Map([...other.entries, ...one.entries].map((entry) => [entry.key.toString('latin1'), entry]));
  return {
    // The next name of a snapshot is made of it.
    sequence: one.sequence > other.sequence ? one.sequence : other.sequence,
    entries: [...byKey.values()],
  };
}

function containerField(entry: Entry, renaming: Renaming): Entry {
  if (entry.key.toString() !== 'snapshotter' || !isText(entry.value, renaming.from)) return entry;
  renaming.containers += 1;
  renaming.changes += 1;
  return { ...entry, value: Buffer.from(renaming.to) };
}

/** The namespace label for the snapshotter that clients use by default. */
const defaultLabel = 'containerd.io/defaults/snapshotter';

/** All buckets of labels below a bucket with changed labels. */
function relabelled(bucket: Bucket, renaming: Renaming): Bucket {
  return mapEntries(bucket, (entry) => {
    if (Buffer.isBuffer(entry.value)) return entry;
    // A container, for example, may have the name `labels`.
    const inner = relabelled(entry.value, renaming);
    return { ...entry, value: entry.key.toString() === 'labels' ? labelsOf(inner, renaming) : inner };
  });
}

function labelsOf(labels: Bucket, renaming: Renaming): Bucket {
  const keys = new Map<string, Entry>();
  let changed = false;
  for (const entry of labels.entries) {
    const key = entry.key.toString('latin1');
    const renamed = labelKey(key, renaming);
    const isDefault = key === defaultLabel && isText(entry.value, renaming.from);
    if (renamed === key && !isDefault) {
      if (!keys.has(key)) keys.set(key, entry);
      continue;
    }
    changed = true;
    renaming.changes += 1;
    keys.set(renamed, isDefault ? { ...entry, value: Buffer.from(renaming.to) } : { ...entry, key: latin1(renamed) });
  }
  return changed ? { ...labels, entries: [...keys.values()] } : labels;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/**
 * `containerd.io/gc.ref.snapshot.NAME`, and the same for other relations, with or without a part after a slash. A condition may have
 * other dots and slashes before the name.
 */
function labelKey(key: string, { from, to }: Renaming): string {
  const [, before, name, after = ''] =
    /^(containerd\.io\/gc\.(?:(?:ref|bref)\.snapshot\.|cond\.snapshot[./]*))([^/]+)(\/.*)?$/s.exec(key) ?? [];
  return name === from ? `${before}${to}${after}` : key;
}

const isText = (value: Buffer | Bucket, text: string) => Buffer.isBuffer(value) && value.equals(Buffer.from(text));

function bucketNamed(bucket: Bucket, name: string): Bucket | undefined {
  const value = bucket.entries.find(({ key }) => key.equals(Buffer.from(name)))?.value;
  return Buffer.isBuffer(value) ? undefined : value;
}

const mapEntries = (bucket: Bucket, change: (entry: Entry) => Entry): Bucket => ({
  ...bucket,
  entries: bucket.entries.map(change),
});

const mapBuckets = (bucket: Bucket, change: (inner: Bucket, name: string) => Bucket): Bucket =>
  mapEntries(bucket, (entry) =>
    Buffer.isBuffer(entry.value) ? entry : { ...entry, value: change(entry.value, entry.key.toString()) },
  );

const inside = (bucket: Bucket, name: string, change: (inner: Bucket) => Bucket): Bucket =>
  mapEntries(bucket, (entry) =>
    Buffer.isBuffer(entry.value) || entry.key.toString() !== name ? entry : { ...entry, value: change(entry.value) },
  );
