import type { Labels } from '../../../events/codecs.ts';
import type { Bucket, Entry, StoredSnapshot } from '../../ports/containerd-store.ts';
import { damaged, unknown } from './faults.ts';
import { timeOf, uvarintOf, varintOf } from './go-values.ts';
import { buckets, fields, kindOf } from './snapshot-fields.ts';

/** A snapshot, and the page that it was read from. */
export interface Found {
  readonly snapshot: StoredSnapshot;
  readonly page: number;
}

const known: readonly string[] = [...Object.values(fields), buckets.labels];

/** One snapshot's bucket: it has the fields of its kind and no others. */
export function readSnapshot(entry: Entry): Found {
  const { page = 0 } = entry;
  const key = textOf(entry.key, page);
  const what = named(key);
  const found = fieldsOf(bucketIn(entry, what));
  const stray = [...found.keys()].find((name) => !known.includes(name));
  if (stray !== undefined) throw unknown(`page ${page}: ${what} has a field ${JSON.stringify(stray)}`);
  const read = <T>(name: string, decode: (bytes: Buffer) => T | undefined): T => {
    const field = found.get(name);
    const value = Buffer.isBuffer(field?.value) ? decode(field.value) : undefined;
    if (value === undefined)
      throw damaged(field?.page ?? page, `${what} has ${field === undefined ? 'no' : 'an invalid'} field ${name}`);
    return value;
  };
  const number = (name: string, decode: typeof uvarintOf) => whole(read(name, decode), page, `${what}: ${name}`);
  const kind = read(fields.kind, kindOf);
  const isCommitted = kind === 'committed';
  if (!isCommitted && (found.has(fields.bytes) || found.has(fields.inodes)))
    throw damaged(page, `${what} has a usage, and is not committed`);
  const labels = found.get(buckets.labels);
  const snapshot = {
    ...{ id: number(fields.id, uvarintOf), key, kind },
    parent: found.has(fields.parent) ? read(fields.parent, (bytes) => textOf(bytes, page)) : '',
    labels: labels === undefined ? {} : labelsIn(bucketIn(labels, `${what}: ${buckets.labels}`), what),
    created: read(fields.created, timeOf),
    updated: read(fields.updated, timeOf),
    usage: isCommitted ? { bytes: number(fields.bytes, varintOf), inodes: number(fields.inodes, varintOf) } : null,
  };
  return { snapshot, page };
}

export const named = (key: string): string => `snapshot ${JSON.stringify(key)}`;

/** The bucket of an entry whose sequence nothing uses. */
export function bucketIn({ value, page = 0 }: Entry, what: string): Bucket {
  if (Buffer.isBuffer(value)) throw damaged(page, `${what} is no bucket`);
  if (value.sequence !== 0n) throw damaged(page, `${what} has the sequence ${value.sequence}`);
  return value;
}

/** The entries of a bucket by their keys, whose bytes become characters one by one. */
export const fieldsOf = ({ entries }: Bucket): ReadonlyMap<string, Entry> =>
  new Map(entries.map((entry) => [entry.key.toString('latin1'), entry]));

/** A number that is exact in JavaScript. */
export function whole(value: bigint, page: number, what: string): number {
  if (value < 0n) throw damaged(page, `${what} is ${value}`);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unknown(`page ${page}: ${what} is ${value}, above 2^53-1`);
  return Number(value);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text that is not empty. */
export function textOf(bytes: Buffer, page: number): string {
  if (bytes.length === 0) throw damaged(page, 'an empty text');
  try {
    return utf8.decode(bytes);
  } catch {
    throw unknown(`page ${page}: a text is not UTF-8: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
}

function labelsIn({ entries }: Bucket, what: string): Labels {
  return Object.fromEntries(
    entries.map(({ key, value, page = 0 }) => {
      const name = textOf(key, page);
      if (Buffer.isBuffer(value)) return [name, textOf(value, page)];
      throw damaged(page, `${what}: the label ${JSON.stringify(name)} is a bucket`);
    }),
  );
}
