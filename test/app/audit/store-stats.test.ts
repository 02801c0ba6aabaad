import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { stateAt } from '../../../src/app/audit/state-at.ts';
import { Stats, statsOfStore } from '../../../src/app/audit/stats.ts';
import { createMemoryCheckpointStore } from '../../support/memory-checkpoint-store.ts';
import { committed, opened, prepared, removed, sampleNode } from '../../support/sample-events.ts';
import { memoryFiles } from './memory-files.ts';

const test = suite('figures of a store');
const facts: readonly Event[] = [
  prepared(1, 'default/1/a'),
  committed(1, 'default/1/a', 'default/2/A'),
  { type: 'UsageMeasured', data: { id: 1, bytes: 100, inodes: 3 } },
  prepared(2, 'k8s.io/3/b'),
  prepared(3, 'bare'),
  removed(3, 'bare'),
];
const one = { snapshots: 1, bytes: 0, inodes: 0, unmeasured: 1 };

test('are counts and bytes by namespace, kind and age', async () => {
  const stats = await statsOfStore(await memoryFiles(facts));
  assert.equal(stats.total, { snapshots: 2, bytes: 100, inodes: 3, unmeasured: 1 });
  assert.equal(Object.entries(stats.namespaces), [
    ['default', { snapshots: 1, bytes: 100, inodes: 3, unmeasured: 0 }],
    ['k8s.io', one],
  ]);
  assert.equal(Object.keys(stats.kinds), ['committed', 'active']);
  assert.equal(Object.keys(stats.ages), ['older']);
  assert.is(stats.pendingPurge, 1);
  assert.is(stats.behindCheckpoint, 6);
});

test('are those of an earlier moment, with the ages of that time', async () => {
  const stats = await statsOfStore(await memoryFiles(facts), '5');
  assert.equal(Object.keys(stats.ages), ['under 1h']);
  assert.equal(Object.keys(stats.namespaces), ['default', 'k8s.io', '']);
  assert.is(stats.pendingPurge, 0);
});

test('show the machine of the newest opening, if it was recorded', async () => {
  const before = opened('boot');
  const named = { ...before, data: { ...before.data, node: sampleNode } };
  assert.is((await statsOfStore(await memoryFiles(facts))).node, null);
  assert.equal((await statsOfStore(await memoryFiles([...facts, before, named]))).node, sampleNode);
  assert.is((await statsOfStore(await memoryFiles([...facts, named, before]))).node, null);
});

test('show the lag of the newest checkpoint', async () => {
  const files = await memoryFiles(facts);
  const log = await files.openLog();
  const checkpoints = createMemoryCheckpointStore();
  await checkpoints.save(
    { position: 4, chainHash: (await log.chainHashAt(4)) ?? '' },
    toRows(await stateAt(files, log, 4)),
  );
  const stats = await statsOfStore({ ...files, openCheckpoints: async () => checkpoints });
  assert.is(stats.behindCheckpoint, 2);
});

test('show what is retained of removed layers', async () => {
  const layer = { id: 1, key: 'default/2/A', kind: 'committed', parent: '', parentId: null } as const;
  const data = { ...layer, labels: {}, created: 1n, updated: 1n, retained: true };
  const { retained, pendingPurge } = await statsOfStore(
    await memoryFiles([...facts, { type: 'SnapshotRemoved', data }]),
  );
  assert.equal([retained.layers, retained.bytes, pendingPurge], [1, 100, 1]);
});

test('state the size of a file system as a decimal string', async () => {
  const { type, data } = opened('boot');
  const stats = await statsOfStore(await memoryFiles([{ type, data: { ...data, node: sampleNode } }]));
  assert.match(JSON.stringify(Stats.encode(stats)), '"fileSystem":"ext4","bytes":"107374182400"');
});

test('are plain JSON, of an empty log too', async () => {
  const empty = { snapshots: '0', bytes: '0', inodes: '0', unmeasured: '0' };
  assert.equal(Stats.encode(await statsOfStore(await memoryFiles([]))), {
    position: '0',
    node: null,
    total: empty,
    namespaces: {},
    kinds: {},
    ages: {},
    pendingPurge: '0',
    retained: { layers: '0', bytes: '0' },
    log: { segments: '1', archived: '0', bytes: '4096', archivedBytes: '0' },
    behindCheckpoint: '0',
    quiet: null,
  });
});

test.run();
