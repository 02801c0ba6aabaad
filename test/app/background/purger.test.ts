import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare, remove } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';
import { waitFor } from '../../support/wait-for.ts';
import { warningsDuring } from '../../support/warnings.ts';

const test = suite('purge');
const actor = { actor: 'containerd' };

async function removed(syncMetadata: () => Promise<void>) {
  const store = await openMemoryStore({ syncMetadata });
  await store.snapshots.prepare(prepare('k'), actor);
  await store.snapshots.remove(remove('k'), actor);
  await store.snapshots.cleanup();
  assert.is(store.driver.volumes.size, 0);
  return store;
}

test('is recorded only when it is on stable storage', async () => {
  let asked = 0;
  const { promise: synced, resolve: sync } = deferred();
  // The first time is the opening of the store.
  const { types } = await removed(() => (asked++ === 0 ? Promise.resolve() : synced));
  await waitFor('the flush', () => asked > 1);
  assert.not(types().includes('VolumePurged'));
  sync();
  await waitFor('the record', () => types().includes('VolumePurged'));
});

test('is left to the next start if it cannot be flushed', async () => {
  let asked = 0;
  const { types, said, journal } = await removed(async () => {
    if (asked++ > 0) throw new Error('EIO');
  });
  await waitFor('the warning', () => said.some(({ message }) => message.startsWith('purges not recorded')));
  assert.not(types().includes('VolumePurged'));
  assert.is(journal.durable.volumes.pendingPurge.size, 1);
});

test('has no warning about listeners if many are under way', async () => {
  let underWay = 0;
  const { promise: held, resolve: release } = deferred();
  const before = (operation: string) => {
    if (operation !== 'purge') return;
    underWay += 1;
    return held;
  };
  const { snapshots, driver } = await openMemoryStore({ before });
  const keys = Array.from({ length: 32 }, (_, index) => `k${index}`);
  for (const key of keys) await snapshots.prepare(prepare(key), actor);
  const warnings = await warningsDuring(async () => {
    for (const key of keys) await snapshots.remove(remove(key), actor);
    await waitFor(
      () => `32 purges: ${underWay} are under way`,
      () => underWay === 32,
    );
  });
  assert.equal(warnings, []);
  release();
  await snapshots.cleanup();
  assert.is(driver.volumes.size, 0);
});

test.after(closeMemoryStores);

test.run();
