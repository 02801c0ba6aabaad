import * as fc from 'fast-check';
import type { MetadataContent } from '../../src/ports/containerd-store.ts';

/** A base layer, a layer on it, an active on that and a view of the base, after one removal. */
export const sampleMetadata: MetadataContent = {
  lastId: 5,
  snapshots: [
    {
      ...{ id: 1, key: 'ns/2/base', kind: 'committed', parent: '', labels: { a: 'b' } },
      ...{ created: 1_700_000_000_123_456_789n, updated: 1_700_000_001_000_000_000n, usage: { bytes: 300, inodes: 2 } },
    },
    {
      ...{ id: 2, key: 'ns/4/top', kind: 'committed', parent: 'ns/2/base', labels: { name: 'value', other: 'x' } },
      ...{ created: 1_700_000_002_000_000_000n, updated: 1_700_000_002_000_000_001n, usage: { bytes: 0, inodes: 1 } },
    },
    {
      ...{ id: 3, key: 'ns/5/run', kind: 'active', parent: 'ns/4/top', labels: {}, usage: null },
      ...{ created: 1_700_000_002_000_000_003n, updated: 1_700_000_002_000_000_003n },
    },
    {
      ...{ id: 5, key: 'ns/7/view', kind: 'view', parent: 'ns/2/base', labels: {}, usage: null },
      ...{ created: 0n, updated: 253_402_300_799_999_999_999n },
    },
  ],
};

const text = (maxLength: number) => fc.string({ unit: 'binary', minLength: 1, maxLength });
const time = fc.bigInt(0n, 253_402_300_799_999_999_999n);
const figure = fc.oneof(fc.nat(5), fc.maxSafeNat());

/** What a metastore may contain: snapshots whose parents come earlier in the list, in any order of ids and keys. */
export const arbitraryMetadata: fc.Arbitrary<MetadataContent> = fc
  .record({
    snapshots: fc.uniqueArray(
      fc.record({
        key: fc.oneof({ weight: 20, arbitrary: text(40) }, { weight: 1, arbitrary: text(8000) }),
        kind: fc.constantFrom('view', 'active', 'committed', 'committed'),
        labels: fc.dictionary(
          text(30),
          fc.oneof({ weight: 20, arbitrary: text(60) }, { weight: 1, arbitrary: text(4000) }),
        ),
        ...{ created: time, updated: time, bytes: figure, inodes: figure, below: fc.nat(), gap: fc.nat(3) },
      }),
      { selector: ({ key }) => key, maxLength: 60 },
    ),
    unused: fc.oneof(fc.nat(3), fc.nat(1e9)),
  })
  .map(({ snapshots, unused }) => {
    const committed = [''];
    let id = 0;
    const list = snapshots.map(({ key, kind, labels, created, updated, bytes, inodes, below, gap }) => {
      const parent = committed[below % committed.length] ?? '';
      if (kind === 'committed') committed.push(key);
      id += 1 + gap;
      const usage = kind === 'committed' ? { bytes, inodes } : null;
      return { id, key, kind, parent, labels: { ...labels }, created, updated, usage };
    });
    return { lastId: id + unused, snapshots: list } as MetadataContent;
  });

/** In the order in which a database has them. */
export const sortedByKey = ({ lastId, snapshots }: MetadataContent): MetadataContent => ({
  lastId,
  snapshots: snapshots.toSorted((a, b) => Buffer.from(a.key).compare(Buffer.from(b.key))),
});
