import type { Bucket, Entry } from '../../ports/containerd-store.ts';
import { Fault } from '../../ports/fault.ts';

/** containerd's own database (`meta.db`) with a snapshotter's name replaced, and how often it was. */
export interface RenamedSnapshotter {
  readonly root: Bucket;
  /** snapshots that are recorded under the name */
  readonly snapshots: number;
  /** containers that were made with it */
  readonly containers: number;
  /** all changes: buckets, containers and labels. 0: the name does not occur */
  readonly changes: number;
}

/** A name that is replaced, in the forms in which it occurs. */
interface Renaming {
  readonly from: string;
  readonly to: string;
  snapshots: number;
  containers: number;
  changes: number;
}

/**
 * Replaces a snapshotter's name in containerd's own database: where its snapshots are listed, in leases and containers, in labels
 * that refer to snapshots, and as the default of a namespace. Nothing else is changed. Throws a Fault (`misuse`) if the other name
 * has snapshots too. Source: containerd's metadata/buckets.go and metadata/gc.go, 1.6.20 to 2.4.0-beta.0.
 */
export function renameSnapshotter(root: Bucket, from: string, to: string): RenamedSnapshotter {
  const renaming: Renaming = { from, to, snapshots: 0, containers: 0, changes: 0 };
  const renamed = inside(root, 'v1', (version) =>
    mapBuckets(version, (namespace, name) => namespaceOf(namespace, name, renaming)),
  );
  const { snapshots, containers, changes } = renaming;
  return { root: renamed, snapshots, containers, changes };
}

function namespaceOf(namespace: Bucket, name: string, renaming: Renaming): Bucket {
  const listed = inside(namespace, 'snapshots', (snapshots) => {
    const counted = countIn(snapshots, renaming.from);
    if (counted > 0 && countIn(snapshots, renaming.to) > 0) throw bothUsed(name, renaming);
    renaming.snapshots += counted;
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

const bothUsed = (namespace: string, { from, to }: Renaming) =>
  new Fault('misuse', `namespace ${namespace}: containerd has snapshots of both ${from} and ${to}`, {
    hint: `remove those of one of them first (ctr -n ${namespace} snapshots --snapshotter NAME ls); nothing was changed`,
  });

/** A key that is there for both names keeps the renamed one: the other is empty. */
function renameKey(bucket: Bucket, renaming: Renaming): Bucket {
  const [from, to] = [Buffer.from(renaming.from), Buffer.from(renaming.to)];
  if (!bucket.entries.some(({ key }) => key.equals(from))) return bucket;
  renaming.changes += 1;
  const entries = bucket.entries.filter(({ key }) => !key.equals(to));
  return { ...bucket, entries: entries.map((entry) => (entry.key.equals(from) ? { ...entry, key: to } : entry)) };
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
    const isLabels = entry.key.toString() === 'labels';
    return { ...entry, value: isLabels ? labelsOf(entry.value, renaming) : relabelled(entry.value, renaming) };
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

/** `containerd.io/gc.ref.snapshot.NAME`, and the same for other relations, with or without a part after a slash. */
function labelKey(key: string, { from, to }: Renaming): string {
  const [, before, name, after = ''] =
    /^(containerd\.io\/gc\.(?:ref|bref|cond)\.snapshot\.)([^/]+)(\/.*)?$/s.exec(key) ?? [];
  return name === from ? `${before}${to}${after}` : key;
}

const isText = (value: Buffer | Bucket, text: string) => Buffer.isBuffer(value) && value.equals(Buffer.from(text));

function countIn(bucket: Bucket, name: string): number {
  const found = bucket.entries.find(({ key }) => key.equals(Buffer.from(name)));
  return found === undefined || Buffer.isBuffer(found.value) ? 0 : found.value.entries.length;
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
