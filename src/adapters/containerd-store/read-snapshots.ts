import type { Bucket, Entry, MetadataContent } from '../../ports/containerd-store.ts';
import { damaged, unknown } from './faults.ts';
import { bucketIn, type Found, fieldsOf, named, readSnapshot, whole } from './read-snapshot.ts';
import { buckets, linkKey } from './snapshot-fields.ts';

/**
 * The snapshots in a database. Checks all that containerd's metastore guarantees: the fields of each; ids that are unique and
 * were assigned; parents that exist, are committed and do not form a ring; and links from parents to children that are exactly
 * those of the snapshots. Throws a Fault that names the page.
 */
export function readSnapshots(root: Bucket): MetadataContent {
  // containerd creates the buckets with the first snapshot.
  if (root.sequence === 0n && root.entries.length === 0) return { lastId: 0, snapshots: [] };
  const { version } = only(root, { version: buckets.version }, 'the root bucket');
  const { snapshots, parents } = only(
    bucketIn(version, buckets.version),
    { snapshots: buckets.snapshots, parents: buckets.parents },
    `bucket ${buckets.version}`,
  );
  const { page = 0, value } = snapshots;
  if (Buffer.isBuffer(value)) throw damaged(page, `${buckets.snapshots} is no bucket`);
  const lastId = whole(value.sequence, page, 'the last id');
  const found = value.entries.map(readSnapshot);
  const byKey = new Map(found.map((one) => [one.snapshot.key, one]));
  checkIds(found, lastId);
  checkParents(found, byKey);
  checkLinks(found, byKey, parents);
  return { lastId, snapshots: found.map(({ snapshot }) => snapshot) };
}

/** The entries of a bucket that has these and no others. */
function only<Name extends string>(bucket: Bucket, names: Readonly<Record<Name, string>>, what: string) {
  const found = fieldsOf(bucket);
  const expected = Object.entries<string>(names);
  const stray = [...found.keys()].find((key) => expected.every(([, name]) => name !== key));
  if (stray !== undefined)
    throw unknown(`${what} has an entry ${JSON.stringify(stray)}, which containerd's snapshotters do not write`);
  const entries = expected.map(([key, name]) => {
    const entry = found.get(name);
    if (entry === undefined) throw damaged(bucket.entries[0]?.page ?? 0, `${what} has no ${name}`);
    return [key, entry];
  });
  return Object.fromEntries(entries) as Readonly<Record<Name, Entry>>;
}

type ByKey = ReadonlyMap<string, Found>;

function checkIds(found: readonly Found[], lastId: number): void {
  const owners = new Map<number, string>();
  for (const { snapshot, page } of found) {
    const { id, key } = snapshot;
    const other = owners.get(id);
    if (other !== undefined) throw damaged(page, `${named(key)} has the id ${id} of ${named(other)}`);
    if (id < 1 || id > lastId)
      throw damaged(page, `${named(key)} has the id ${id}, and the last one assigned is ${lastId}`);
    owners.set(id, key);
  }
}

function checkParents(found: readonly Found[], byKey: ByKey): void {
  for (const { snapshot, page } of found) {
    if (snapshot.parent === '') continue;
    const parent = byKey.get(snapshot.parent)?.snapshot;
    const text = `${named(snapshot.key)}: its parent ${JSON.stringify(snapshot.parent)}`;
    if (parent === undefined) throw damaged(page, `${text} does not exist`);
    if (parent.kind !== 'committed') throw damaged(page, `${text} is not committed`);
  }
  const rooted = new Set<string>(['']);
  for (const { snapshot, page } of found) {
    const chain = new Set<string>();
    for (let key = snapshot.key; !rooted.has(key); key = byKey.get(key)?.snapshot.parent ?? '') {
      if (chain.has(key)) throw damaged(page, `${named(key)} is among its own parents`);
      chain.add(key);
    }
    for (const key of chain) rooted.add(key);
  }
}

/** `parents` has a link for each snapshot with a parent, and no others. */
function checkLinks(found: readonly Found[], byKey: ByKey, parents: Entry): void {
  const missing = new Map<string, Found>();
  for (const one of found) {
    const parent = byKey.get(one.snapshot.parent)?.snapshot;
    if (parent !== undefined) missing.set(linkKey(parent.id, one.snapshot.id).toString('latin1'), one);
  }
  for (const { key, value, page = 0 } of bucketIn(parents, buckets.parents).entries) {
    const link = key.toString('latin1');
    const child = missing.get(link)?.snapshot.key;
    if (child === undefined || !Buffer.isBuffer(value) || !value.equals(Buffer.from(child)))
      throw damaged(page, `a link of ${buckets.parents} that is that of no snapshot: ${key.toString('hex')}`);
    missing.delete(link);
  }
  const [first] = missing.values();
  if (first !== undefined) throw damaged(first.page, `${buckets.parents} has no link to ${named(first.snapshot.key)}`);
}
