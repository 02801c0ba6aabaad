import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireContainerdSources } from '../../support/build-go.ts';
import { makeContainerdRoot, readMetadata } from '../../support/containerd-root.ts';
import { stateOfRoot } from '../../support/inspect-store.ts';
import { createMetastore } from '../../support/metastore.ts';
import { requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { commands } from './commands.ts';

const test = suiteNeeding('takeover of what containerd wrote', requireRoot(), requireContainerdSources());
const sandbox = createSandbox('takeover-metastore');
test.after(() => sandbox.close());

for (const [seed, snapshots] of [
  [1, 40],
  [2, 1_000],
] as const)
  test(`takeover and giveback: ${snapshots} random snapshots are the same for containerd`, async () => {
    const metastore = await createMetastore();
    const made = join(sandbox.folder(`made-${seed}`), 'metadata.db');
    await metastore.make(made, { seed, snapshots, pageSize: 4096 });
    const before = await metastore.dump(made);
    const root = await makeContainerdRoot(sandbox.folder(`containerd-${seed}`), before);
    copyFileSync(made, join(root, 'metadata.db'));
    await commands.takeover(root);
    const { index, usage, storeInfo } = await stateOfRoot(root);
    const taken = [...index.values()].map(({ parentId: _, ...one }) => ({ ...one, usage: usage.get(one.id) ?? null }));
    const byKey = new Map(taken.map((one) => [one.key, one]));
    assert.is(storeInfo.lastId, before.lastId);
    assert.is(byKey.size, before.snapshots.length);
    for (const one of before.snapshots) assert.equal(byKey.get(one.key), one);
    await commands.giveback(root);
    const database = join(root, 'metadata.db');
    await metastore.check(database);
    assert.equal(await metastore.dump(database), before);
    await metastore.change(database, { seed, operations: 50 });
    assert.ok((await readMetadata(root)).lastId > before.lastId);
  });

test.run();
