import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closeMemoryStores, openMemoryStore } from '../support/memory-store.ts';

const test = suite('app/early-flusher');
const actor = { actor: 'containerd' };
const prepare = (key: string, labels: Record<string, string>) =>
  ({ type: 'Prepare', key, parent: '', kind: 'active', labels }) as const;

/** A store that counts its flushes of all volumes. */
async function counting() {
  const counts = { flushes: 0 };
  const store = await openMemoryStore({
    before: (deed) => {
      if (deed === 'flush') counts.flushes += 1;
    },
  });
  return { ...store, counts };
}

test('a layer that is being unpacked is flushed early, until its commit', async () => {
  const { snapshots, counts } = await counting();
  await snapshots.prepare(prepare('extract', { 'containerd.io/snapshot.ref': 'sha256:a' }), actor);
  for (let waited = 0; counts.flushes === 0 && waited < 100; waited++) await pause(20);
  assert.ok(counts.flushes > 0);
  await snapshots.commit({ type: 'Commit', key: 'extract', name: 'layer', parent: '', labels: {} }, actor);
  await pause(50);
  const { flushes } = counts;
  await pause(400);
  assert.is(counts.flushes, flushes);
});

test("a container's root is left to the kernel", async () => {
  const { snapshots, counts } = await counting();
  await snapshots.prepare(prepare('container', {}), actor);
  await pause(400);
  assert.is(counts.flushes, 0);
});

test.after(closeMemoryStores);

test.run();
