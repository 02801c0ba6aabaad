import { isDeepStrictEqual } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { metaChecksum } from '../../../src/adapters/containerd-store/bolt-format.ts';
import { readBolt } from '../../../src/adapters/containerd-store/read-bolt.ts';
import { readSnapshots } from '../../../src/adapters/containerd-store/read-snapshots.ts';
import { snapshotBuckets } from '../../../src/adapters/containerd-store/snapshot-buckets.ts';
import { writeBolt } from '../../../src/adapters/containerd-store/write-bolt.ts';
import type { MetadataContent, StoredSnapshot } from '../../../src/ports/containerd-store.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { sampleMetadata } from '../../support/sample-metadata.ts';

const test = suite("damage of containerd's database");
const pageSize = 4096;
const sound = writeBolt(snapshotBuckets(sampleMetadata), pageSize);

const read = (file: Buffer): MetadataContent => readSnapshots(readBolt(file).root);

/** What is read, or the fault; any other error fails the test. */
function outcome(file: Buffer): MetadataContent | Fault {
  try {
    return read(file);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** The database after one change. */
function changed(change: (file: Buffer) => void): Buffer {
  const file = Buffer.from(sound);
  change(file);
  return file;
}

test('flip: each bit is refused, without effect, or changes one field that no checksum covers', () => {
  const file = Buffer.from(sound);
  const seen = new Set<string>();
  let refused = 0;
  for (let bit = 0; bit < file.length * 8; bit += isUnused(file, bit >> 3) ? 101 : 1) {
    const mask = 1 << (bit & 7);
    file.writeUInt8(file.readUInt8(bit >> 3) ^ mask, bit >> 3);
    const found = outcome(file);
    file.writeUInt8(file.readUInt8(bit >> 3) ^ mask, bit >> 3);
    if (found instanceof Fault) refused += 1;
    else for (const field of differing(found)) seen.add(field);
  }
  assert.equal([...seen].sort(), ['bytes', 'created', 'inodes', 'labels', 'lastId', 'updated']);
  assert.ok(refused > 5000, `only ${refused} flips are refused`);
});

/** The fields in which a content differs from the sample: at most one of one snapshot. */
function differing({ lastId, snapshots }: MetadataContent): readonly string[] {
  assert.is(snapshots.length, sampleMetadata.snapshots.length);
  const fields = snapshots.flatMap((snapshot, at) => {
    const { usage: was, ...before } = sampleMetadata.snapshots[at] as StoredSnapshot;
    const { usage: is, ...after } = snapshot;
    const names = Object.keys(before).filter(
      (name) => !isDeepStrictEqual(Reflect.get(before, name), Reflect.get(after, name)),
    );
    return [
      ...names,
      ...(was?.bytes === is?.bytes ? [] : ['bytes']),
      ...(was?.inodes === is?.inodes ? [] : ['inodes']),
    ];
  });
  if (lastId !== sampleMetadata.lastId) fields.push('lastId');
  assert.ok(fields.length <= 1, `one bit changes ${fields.join(' and ')}`);
  return fields;
}

/** Nothing else is in the rest of the page: it is zero. */
function isUnused(file: Buffer, at: number): boolean {
  const end = at - (at % pageSize) + pageSize;
  return file.subarray(at, end).every((byte) => byte === 0);
}

test('cut: a database that ends earlier is refused at every length', () => {
  for (let length = 0; length < sound.length; length += length % pageSize < 100 ? 1 : 97)
    assert.instance(outcome(sound.subarray(0, length)), Fault, `${length} bytes`);
  assert.equal(read(Buffer.concat([sound, Buffer.alloc(pageSize + 1)])), sampleMetadata);
});

const page = (id: number): number => id * pageSize;
/** Pages of the sample: the freelist, the first snapshot's leaf and the root's, which is the last. */
const [freelist, leaf, root] = [2, 3, 7] as const;

/** Changes a field of both meta pages, with a checksum that fits. */
const withMeta = (change: (fields: Buffer) => void) =>
  changed((file) => {
    for (const id of [0, 1]) {
      const fields = file.subarray(page(id) + 16, page(id) + 80);
      change(fields);
      fields.writeBigUInt64LE(metaChecksum(fields), 56);
    }
  });

const cases: readonly (readonly [string, Buffer, RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /^empty/],
  ['a file that ends in a meta page', sound.subarray(0, 5000), /^cut off: 5000 bytes of 2 pages of 4096/],
  ['a file without its last page', sound.subarray(0, page(7)), /^cut off: 28672 bytes of 8 pages/],
  ['another file', Buffer.alloc(pageSize * 4, 'text'), /no bbolt database/],
  ['both meta pages damaged', changed((file) => file.fill(0, 0, page(2))), /both meta pages are damaged/],
  ['meta page 0 damaged', changed((file) => file.writeUInt8(9, 70)), /^meta page 0 is damaged/],
  ['meta page 1 damaged', changed((file) => file.writeUInt8(9, page(1) + 70)), /^meta page 1 is damaged/],
  ['another format version', withMeta((fields) => fields.writeUInt32LE(3, 4)), /format version 3/],
  ['pages of 1 KiB', withMeta((fields) => fields.writeUInt32LE(1024, 8)), /pages of 1024 bytes/],
  [
    'a root page that does not exist',
    withMeta((fields) => fields.writeBigUInt64LE(99n, 16)),
    /^page 99 is damaged: the meta page refers to it/,
  ],
  [
    'a root page with another number',
    changed((file) => file.writeUInt8(9, page(root))),
    /^page 7 is damaged: its header is that of page 9/,
  ],
  ['a freelist that is a leaf', withMeta((fields) => fields.writeBigUInt64LE(5n, 32)), /^page 5 is damaged: flags 2/],
  [
    'a page that is used twice',
    changed((file) => file.writeUInt8(root, page(root) + 34)),
    /^page 7 is damaged: page 7 refers to it, and so does/,
  ],
  ['a page that nothing uses', unusedPage(), /^page 8 is damaged: nothing reaches it/],
  ['a free page that is in use', changed((file) => freePages(file, 5n)), /^page 5 is damaged: .*freelist/],
  ['free pages in disorder', changed((file) => freePages(file, 5n, 4n)), /^page 2 is damaged: free page 4 after 5/],
  ['a free page beyond the end', changed((file) => freePages(file, 8n)), /^page 2 is damaged: free page 8/],
  [
    'a freelist that is too long',
    changed((file) => file.writeUInt16LE(5000, page(freelist) + 10)),
    /^page 2 is damaged: 5000 entries/,
  ],
  [
    'a page that extends beyond the end',
    changed((file) => file.writeUInt32LE(9, page(leaf) + 12)),
    /^page 3 is damaged: it extends to page 12/,
  ],
  ['a leaf without elements', changed((file) => file.writeUInt16LE(0, page(leaf) + 10)), /^page 3 is damaged/],
  [
    'too many elements',
    changed((file) => file.writeUInt16LE(9999, page(leaf) + 10)),
    /^page 3 is damaged: 9999 elements/,
  ],
];

/** One page more, which is neither used nor free. */
function unusedPage(): Buffer {
  return Buffer.concat([withMeta((fields) => fields.writeBigUInt64LE(9n, 40)), Buffer.alloc(pageSize)]);
}

function freePages(file: Buffer, ...ids: readonly bigint[]): void {
  file.writeUInt16LE(ids.length, page(freelist) + 10);
  for (const [at, id] of ids.entries()) file.writeBigUInt64LE(id, page(freelist) + 16 + at * 8);
}

for (const [name, file, message] of cases)
  test(`refusal: names ${name}`, () => {
    const found = outcome(file);
    if (!(found instanceof Fault)) throw new Error('it is read');
    assert.match(found.message, message);
    assert.ok(found.hint.length > 20);
  });

test('freelist: a database that keeps none is read', () => {
  assert.equal(read(withMeta((fields) => fields.fill(0xff, 32, 40))), sampleMetadata);
});

test.run();
