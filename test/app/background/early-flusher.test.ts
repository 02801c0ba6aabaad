import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addedPause } from '../../../src/app/background/early-flusher.ts';
import { commit, prepare } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('early flush');
const actor = { actor: 'containerd' };

/** A store that counts its flushes of all volumes. */
async function counting() {
  const counts = { flushes: 0 };
  const store = await openMemoryStore({
    before: (operation) => {
      if (operation === 'flush') counts.flushes += 1;
    },
  });
  return { ...store, counts };
}

test('flushes a layer while it is unpacked, until its commit', async () => {
  const { snapshots, counts } = await counting();
  await snapshots.prepare(prepare('extract', '', { labels: { 'containerd.io/snapshot.ref': 'sha256:a' } }), actor);
  await waitFor('a flush', () => counts.flushes > 0);
  await snapshots.commit(commit('extract', 'layer'), actor);
  await pause(50);
  const { flushes } = counts;
  await pause(400);
  assert.is(counts.flushes, flushes);
});

test('flushes all layers that are being unpacked', async () => {
  const flushed = new Set<number>();
  const { snapshots } = await openMemoryStore({
    before: (operation, id) => {
      if (operation === 'flush') flushed.add(id);
    },
  });
  for (const key of ['a', 'b'])
    await snapshots.prepare(prepare(key, '', { labels: { 'containerd.io/snapshot.ref': key } }), actor);
  await waitFor('two flushes', () => flushed.size > 1);
  assert.equal([...flushed], [1, 2]);
});

test('begins no flush while one is under way', async () => {
  let flushes = 0;
  const { promise: held, resolve: release } = deferred();
  const { snapshots } = await openMemoryStore({
    before: (operation) => {
      if (operation !== 'flush') return;
      flushes += 1;
      return held;
    },
  });
  await snapshots.prepare(prepare('extract', '', { labels: { 'containerd.io/snapshot.ref': 'sha256:a' } }), actor);
  await waitFor('the first flush', () => flushes === 1);
  await pause(300);
  assert.is(flushes, 1);
  release();
  await waitFor('the next flush', () => flushes > 1);
});

test('recognises an unpack without the label by its key', async () => {
  const { snapshots, counts } = await counting();
  await snapshots.prepare(prepare('default/7/extract-123 sha256:a'), actor);
  await waitFor('a flush', () => counts.flushes > 0);
});

test('is off if commits do not wait for a flush', async () => {
  let flushes = 0;
  const { snapshots } = await openMemoryStore({
    service: { durability: 'background' },
    before: (operation) => {
      if (operation === 'flush') flushes += 1;
    },
  });
  await snapshots.prepare(prepare('extract', '', { labels: { 'containerd.io/snapshot.ref': 'sha256:a' } }), actor);
  await pause(400);
  assert.is(flushes, 0);
});

test('flushes as often as it can while a layer is new, and ever more seldom one that is never committed', () => {
  const flushesUntil = (end: number) => {
    let flushes = 0;
    for (let open = 0; open < end; flushes++) open += 25 + addedPause({ took: 1, open });
    return flushes;
  };
  assert.ok(flushesUntil(20_000) > 700);
  assert.ok(flushesUntil(86_400_000) < 10_000);
  assert.is(addedPause({ took: 300, open: 60_000 }), 300, 'as long as the last flush took');
});

test("leaves a container's root to the kernel", async () => {
  const { snapshots, counts } = await counting();
  await snapshots.prepare(prepare('container'), actor);
  await pause(400);
  assert.is(counts.flushes, 0);
});

test.after(closeMemoryStores);

test.run();
