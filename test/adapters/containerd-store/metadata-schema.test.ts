import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { uvarint } from '../../../src/adapters/containerd-store/go-values.ts';
import { readBolt } from '../../../src/adapters/containerd-store/read-bolt.ts';
import { readSnapshots } from '../../../src/adapters/containerd-store/read-snapshots.ts';
import { snapshotBuckets } from '../../../src/adapters/containerd-store/snapshot-buckets.ts';
import { writeBolt } from '../../../src/adapters/containerd-store/write-bolt.ts';
import type { Bucket, Entry, MetadataContent } from '../../../src/ports/containerd-store.ts';
import { Fault, type FaultCode } from '../../../src/ports/fault.ts';
import { sampleMetadata } from '../../support/sample-metadata.ts';

const test = suite("schema of containerd's metastore");
const sample = snapshotBuckets(sampleMetadata);

const read = (root: Bucket): MetadataContent => readSnapshots(readBolt(writeBolt(root, 4096)).root);

/** The sample with another value at a path of keys; undefined removes it. */
function changed(path: readonly (string | Buffer)[], value: Entry['value'] | undefined, root = sample): Bucket {
  const [first = '', ...rest] = path;
  const key = Buffer.from(first);
  const found = root.entries.find((entry) => entry.key.equals(key))?.value;
  const inner =
    rest.length === 0 ? value : changed(rest, value, Buffer.isBuffer(found) || found === undefined ? empty : found);
  const others = root.entries.filter((entry) => !entry.key.equals(key));
  return { ...root, entries: inner === undefined ? others : [...others, { key, value: inner }] };
}

const empty: Bucket = { sequence: 0n, entries: [] };
const bytes = (...values: readonly number[]) => Buffer.from(values);
const of = (key: string, ...path: readonly (string | Buffer)[]) => ['v1', 'snapshots', key, ...path];
const [base, top, run] = ['ns/2/base', 'ns/4/top', 'ns/5/run'] as const;
/** Version 1 of Go's times: seconds of the year 1, nanoseconds, offset. */
const goTime = (version: number, seconds: bigint, nanoseconds: number, ...offset: readonly number[]) => {
  const time = Buffer.alloc(13, version);
  time.writeBigInt64BE(seconds, 1);
  time.writeUInt32BE(nanoseconds, 9);
  return Buffer.concat([time, bytes(...offset)]);
};
const in2023 = 63_835_596_800n;

const withParents = (parents: Readonly<Record<string, string>>): Bucket =>
  snapshotBuckets({
    ...sampleMetadata,
    snapshots: sampleMetadata.snapshots.map((one) => ({ ...one, parent: parents[one.key] ?? one.parent })),
  });

const refusals: readonly (readonly [string, Bucket, FaultCode, RegExp])[] = [
  [
    'an id above 2^53',
    changed(of(base, 'id'), uvarint(2n ** 53n)),
    'unsupported',
    /"ns\/2\/base": id is 9007199254740992, above/,
  ],
  [
    'a last id above 2^53',
    { ...sample, entries: [lastId(2n ** 60n)] },
    'unsupported',
    /the last id is 1152921504606846976/,
  ],
  ['an id after the last', { ...sample, entries: [lastId(4n)] }, 'corrupt', /"ns\/7\/view" has the id 5, and the last/],
  ['an id of another', changed(of(run, 'id'), uvarint(5)), 'corrupt', /has the id 5 of snapshot/],
  ['an id of 0', changed(of(run, 'id'), uvarint(0)), 'corrupt', /has the id 0/],
  ['no id', changed(of(base, 'id'), undefined), 'corrupt', /has no field id/],
  ['an id that is longer than needed', changed(of(base, 'id'), bytes(0x81, 0)), 'corrupt', /invalid field id/],
  ['an id with more after it', changed(of(base, 'id'), bytes(1, 0)), 'corrupt', /invalid field id/],
  ['an id of 11 bytes', changed(of(base, 'id'), Buffer.alloc(11, 0xff)), 'corrupt', /invalid field id/],
  ['another kind', changed(of(base, 'kind'), bytes(4)), 'corrupt', /invalid field kind/],
  ['no kind', changed(of(base, 'kind'), undefined), 'corrupt', /no field kind/],
  ['a time that is cut', changed(of(base, 'createdat'), Buffer.alloc(14, 1)), 'corrupt', /invalid field createdat/],
  ['a time of another version', changed(of(base, 'createdat'), goTime(3, in2023, 0, 0, 0)), 'corrupt', /createdat/],
  ['a time before 1970', changed(of(base, 'updatedat'), goTime(1, 5n, 0, 0, 0)), 'corrupt', /updatedat/],
  ['a time after 9999', changed(of(base, 'updatedat'), goTime(1, in2023 * 10n, 0, 0, 0)), 'corrupt', /updatedat/],
  ['too many nanoseconds', changed(of(base, 'updatedat'), goTime(1, in2023, 1e9, 0, 0)), 'corrupt', /updatedat/],
  ['a committed one without usage', changed(of(base, 'size'), undefined), 'corrupt', /no field size/],
  ['an active with a usage', changed(of(run, 'inodes'), bytes(2)), 'corrupt', /has a usage, and is not committed/],
  ['a negative usage', changed(of(base, 'size'), bytes(1)), 'corrupt', /size is -1/],
  ['an unknown field', changed(of(base, 'quota'), bytes(1)), 'unsupported', /"ns\/2\/base" has a field "quota"/],
  ['a field that is a bucket', changed(of(base, 'id'), empty), 'corrupt', /invalid field id/],
  ['labels that are a value', changed(of(base, 'labels'), bytes(1)), 'corrupt', /labels is no bucket/],
  ['an empty label', changed(of(base, 'labels', 'x'), bytes()), 'corrupt', /an empty text/],
  ['a label that is a bucket', changed(of(base, 'labels', 'x'), empty), 'corrupt', /label "x" is a bucket/],
  ['a label that is not UTF-8', changed(of(base, 'labels', 'x'), bytes(0xff)), 'unsupported', /not UTF-8: "ÿ"/],
  ['a key that is not UTF-8', changed(['v1', 'snapshots', bytes(0x61, 0xff)], empty), 'unsupported', /not UTF-8: "aÿ"/],
  ['a snapshot that is a value', changed(of('x'), bytes(1)), 'corrupt', /snapshot "x" is no bucket/],
  ['another bucket', changed(['v2'], empty), 'unsupported', /root bucket has an entry "v2"/],
  ['another bucket in v1', changed(['v1', 'devices'], empty), 'unsupported', /v1 has an entry "devices"/],
  ['no links', changed(['v1', 'parents'], undefined), 'corrupt', /v1 has no parents/],
  [
    'a parent that does not exist',
    changed(of(base, 'parent'), Buffer.from('gone')),
    'corrupt',
    /its parent "gone" does not exist/,
  ],
  [
    'a parent that is not committed',
    withParents({ [top]: 'ns/5/run' }),
    'corrupt',
    /its parent "ns\/5\/run" is not committed/,
  ],
  ['parents in a ring', withParents({ [base]: top }), 'corrupt', /is among its own parents/],
  [
    'a missing link',
    changed(['v1', 'parents', bytes(1, 0, 2)], undefined),
    'corrupt',
    /no link to snapshot "ns\/4\/top"/,
  ],
  [
    'a link to nothing',
    changed(['v1', 'parents', bytes(1, 0, 3)], bytes(1)),
    'corrupt',
    /a link of parents .*: 010003/,
  ],
  ['a link to another', changed(['v1', 'parents', bytes(1, 0, 2)], Buffer.from(run)), 'corrupt', /a link of parents/],
];

function lastId(sequence: bigint): Entry {
  const version = sample.entries[0]?.value as Bucket;
  const entries = version.entries.map(({ key, value }) =>
    key.equals(Buffer.from('snapshots')) ? { key, value: { ...(value as Bucket), sequence } } : { key, value },
  );
  return { key: Buffer.from('v1'), value: { ...version, entries } };
}

for (const [name, root, code, message] of refusals)
  test(`refusal: names ${name}`, () => {
    try {
      read(root);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      assert.match(error.message, message);
      assert.is(error.code, code);
      assert.match(error.hint, /nothing was changed/);
      return;
    }
    assert.unreachable('it is read');
  });

test('content: a database that was never used has no snapshots', () => {
  assert.equal(read(empty), { lastId: 0, snapshots: [] });
});

test('content: times in any zone, and of the version with seconds in the offset, are those of UTC', () => {
  const root = changed(
    of(base, 'updatedat'),
    goTime(2, in2023, 5, 0, 60, 30),
    changed(of(base, 'createdat'), goTime(1, in2023, 4, 2, 0)),
  );
  const [snapshot] = read(root).snapshots;
  assert.is(snapshot?.created, 1_700_000_000_000_000_004n);
  assert.is(snapshot?.updated, 1_700_000_000_000_000_005n);
});

test('content: labels have any name', () => {
  const snapshots = sampleMetadata.snapshots.map((one) => ({
    ...one,
    labels: Object.fromEntries([['__proto__', 'x']]),
  }));
  assert.is(
    Object.keys(read(snapshotBuckets({ ...sampleMetadata, snapshots })).snapshots[0]?.labels ?? {})[0],
    '__proto__',
  );
});

test.run();
