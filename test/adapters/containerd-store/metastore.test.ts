import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createContainerdDatabases } from '../../../src/adapters/containerd-store/containerd-databases.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import type { MetadataContent } from '../../../src/ports/containerd-store.ts';
import { createMetastore, type Metastore } from '../../support/metastore.ts';
import { requireCommand, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox } from '../../support/sandbox.ts';

const needs = requireCommand('go');
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

for (const [snapshots, pageSize] of [
  [1, 4096],
  [2, 4096],
  [40, 4096],
  [40, 16_384],
  [300, 65_536],
  [1000, 16_384],
  [5000, 4096],
] as const)
  test(`database: reads and writes ${snapshots} snapshots in pages of ${pageSize} bytes as Go does`, async () => {
    const [made, written] = [file(`made-${snapshots}-${pageSize}`), file(`written-${snapshots}-${pageSize}`)];
    await metastore.make(made, { seed: snapshots + pageSize, snapshots, pageSize });
    const expected = await metastore.dump(made);
    assert.is(expected.snapshots.length, snapshots);
    assert.equal(await contentOf(made), expected);

    await databases.writeMetadata(written, expected);
    await metastore.check(written);
    assert.equal(await metastore.dump(written), expected);
    assert.equal(await contentOf(written), expected);

    await metastore.change(written, { seed: pageSize, operations: 30 + Math.floor(snapshots / 2) });
    await metastore.check(written);
    assert.equal(await contentOf(written), await metastore.dump(written));
  });

test.run();
