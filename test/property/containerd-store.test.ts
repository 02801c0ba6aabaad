import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readBolt } from '../../src/adapters/containerd-store/read-bolt.ts';
import { readSnapshots } from '../../src/adapters/containerd-store/read-snapshots.ts';
import { snapshotBuckets } from '../../src/adapters/containerd-store/snapshot-buckets.ts';
import { writeBolt } from '../../src/adapters/containerd-store/write-bolt.ts';
import type { Bucket } from '../../src/ports/containerd-store.ts';
import { arbitraryMetadata, sortedByKey } from '../support/sample-metadata.ts';

const test = suite("containerd's databases");
const pageSize = fc.constantFrom(4096, 16_384, 65_536);

/** A bucket without the pages that it was read from, in an order that can be compared. */
const plain = ({ sequence, entries }: Bucket): unknown => [
  sequence,
  entries
    .toSorted((a, b) => a.key.compare(b.key))
    .map(({ key, value }) => [key.toString('hex'), Buffer.isBuffer(value) ? value.toString('hex') : plain(value)]),
];

const bytes = (minLength: number) =>
  fc
    .oneof(
      { weight: 30, arbitrary: fc.uint8Array({ minLength, maxLength: 60 }) },
      { weight: 3, arbitrary: fc.uint8Array({ minLength, maxLength: 5000 }) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 20_000, max: 32_768 }).map((length) => new Uint8Array(length).fill(7)),
      },
    )
    .map((array) => Buffer.from(array));

const { bucket } = fc.letrec<{ bucket: Bucket; value: Buffer | Bucket }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: bytes(0) }, { weight: 1, arbitrary: tie('bucket') }),
  bucket: fc.record({
    sequence: fc.bigInt(0n, (1n << 64n) - 1n),
    entries: fc.uniqueArray(fc.record({ key: bytes(1), value: tie('value') }), {
      selector: ({ key }) => key.toString('hex'),
      maxLength: 40,
    }),
  }),
}));

test('database: any tree of buckets reads as it was written, and is written again byte for byte', async () => {
  await fc.assert(
    fc.property(bucket, pageSize, (root, size) => {
      const file = writeBolt(root, size);
      const read = readBolt(file);
      assert.is(read.pageSize, size);
      assert.equal(plain(read.root), plain(root));
      assert.ok(writeBolt(read.root, size).equals(file));
    }),
    { numRuns: 200 },
  );
});

test('metadata: any snapshots read as they were written', async () => {
  await fc.assert(
    fc.property(arbitraryMetadata, pageSize, (content, size) => {
      const file = writeBolt(snapshotBuckets(content), size);
      assert.equal(readSnapshots(readBolt(file).root), sortedByKey(content));
    }),
    { numRuns: 200 },
  );
});

test.run();
