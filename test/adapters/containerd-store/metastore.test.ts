import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createContainerdDatabases } from '../../../src/adapters/containerd-store/containerd-databases.ts';
import { readBolt } from '../../../src/adapters/containerd-store/read-bolt.ts';
import { readSnapshots } from '../../../src/adapters/containerd-store/read-snapshots.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import type { MetadataContent } from '../../../src/ports/containerd-store.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { requireContainerdSources } from '../../support/build-go.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createMetastore, type Metastore } from '../../support/metastore.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { createSandbox } from '../../support/sandbox.ts';

const needs = requireContainerdSources();
const test = suiteNeeding("containerd's metastore", needs);
const sandbox = createSandbox('metastore');
const databases = createContainerdDatabases(createSystem());
const metastore = needs === undefined ? await createMetastore() : (undefined as unknown as Metastore);
test.after(() => sandbox.close());

const file = (name: string) => join(sandbox.path, name);

async function contentOf(path: string): Promise<MetadataContent> {
  const { content, release } = await databases.openMetadata(path);
  await release();
  return content;
}

interface Made {
  readonly seed: number;
  readonly snapshots: number;
  readonly pageSize: number;
  /** whether bbolt keeps its freelist in the file */
  readonly freelist?: boolean;
}

let names = 0;

/** Reads what Go made, writes it, and lets Go read, check and change what was written. */
async function roundTrip({ seed, snapshots, pageSize, freelist = true }: Made): Promise<void> {
  names += 1;
  const [made, written] = [file(`made-${names}`), file(`written-${names}`)];
  await metastore.make(made, { seed, snapshots, pageSize, freelist });
  const content = await contentOf(made);
  const expected = await metastore.dump(made);
  assert.is(expected.snapshots.length, snapshots);
  assert.equal(content, expected);

  await databases.writeMetadata(written, expected);
  await metastore.check(written);
  assert.equal(await metastore.dump(written), expected);

  await metastore.change(written, { seed: seed + 1, operations: 30 + Math.floor(snapshots / 2) });
  await metastore.check(written);
  assert.equal(await contentOf(written), await metastore.dump(written));
}

for (const [snapshots, pageSize] of [
  [1, 4096],
  [300, 65_536],
  [1000, 16_384],
  [5000, 4096],
] as const)
  test(`database: reads and writes ${snapshots} snapshots in pages of ${pageSize} bytes as Go does`, () =>
    roundTrip({ seed: snapshots, snapshots, pageSize }));

test('database: reads and writes random snapshots as Go does', async () => {
  const made = fc.record({
    seed: fc.nat(),
    snapshots: fc.integer({ min: 1, max: 80 }),
    pageSize: fc.constantFrom(4096, 16_384, 65_536),
    freelist: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(made, roundTrip), { numRuns: 12, endOnFailure: true });
});

test('flip: a bit of a database of Go is refused, or what is read is what Go reads', async () => {
  const [path, flipped] = [file('flips'), file('flipped')];
  await metastore.make(path, { seed: 11, snapshots: 12, pageSize: 4096 });
  const sound = readFileSync(path);
  const expected = await contentOf(path);
  let [refused, read] = [0, 0];
  for (let bit = 3; bit < sound.length * 8; bit += 499) {
    const bytes = Buffer.from(sound);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    const content = contentIn(bytes);
    if (content === undefined) refused += 1;
    else if (!isDeepStrictEqual(content, expected) && read++ < 10) {
      writeFileSync(flipped, bytes);
      assert.equal(content, await metastore.dump(flipped));
    }
  }
  assert.ok(refused > 20 && read > 5, `${refused} refused, ${read} read`);
});

/** The content of a database, or undefined if it is refused. */
function contentIn(bytes: Buffer): MetadataContent | undefined {
  try {
    return readSnapshots(readBolt(bytes).root);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

test('cut: a database of Go that ends earlier is refused, or reads the same', async () => {
  const path = file('cuts');
  await metastore.make(path, { seed: 12, snapshots: 12, pageSize: 4096 });
  const sound = readFileSync(path);
  const expected = await contentOf(path);
  let refused = 0;
  for (let length = 0; length < sound.length; length += 331) {
    const content = contentIn(sound.subarray(0, length));
    if (content === undefined) refused += 1;
    else assert.equal(content, expected);
  }
  assert.ok(refused > 20, `${refused} refused`);
});

test('crash: what a killed process of Go leaves reads as Go reads it', async () => {
  const path = file('crashed');
  await metastore.make(path, { seed: 13, snapshots: 100, pageSize: 4096 });
  let transaction = 0n;
  for (const round of [1, 2, 3, 4, 5, 6, 7, 8]) {
    await metastore.crash(path, { seed: 100 + round, operations: 2000, after: 10 + 7 * round });
    const { content, transaction: now, release } = await databases.openMetadata(path);
    await release();
    transaction = now;
    assert.equal(content, await metastore.dump(path));
  }
  assert.ok(transaction > 20n, `${transaction} transactions`);
});

test('lock: a database that Go has open is busy', async () => {
  const path = file('held');
  await metastore.make(path, { seed: 1, snapshots: 2, pageSize: 4096 });
  const release = await metastore.hold(path);
  assert.is((await caughtFault(databases.openMetadata(path))).code, 'busy');
  await release();
  assert.equal(await contentOf(path), await metastore.dump(path));
});

test.run();
