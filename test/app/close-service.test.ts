import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newMemoryVolume } from '../../src/adapters/volume-driver/memory-driver.ts';
import { Fault } from '../../src/ports/fault.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { commit, prepare, remove } from '../support/commands.ts';
import { deferred } from '../support/deferred.ts';
import { closeMemoryStores, type MemoryStore, openMemoryStore } from '../support/memory-store.ts';
import { speedUpTimers } from '../support/speed-up-timers.ts';
import { waitFor } from '../support/wait-for.ts';

speedUpTimers();
const test = suite('close');
const actor = { actor: 'containerd', namespace: 'default' };

test('records nothing afterwards: later measurements are left to the next start', async () => {
  const { promise: held, resolve: release } = deferred();
  const store = await openMemoryStore({ before: (operation) => (operation === 'usage' ? held : undefined) });
  await store.snapshots.prepare(prepare('k1'), actor);
  await store.snapshots.commit(commit('k1', 'base'), actor);
  const measured = Promise.resolve(store.snapshots.usage('base')).catch((error: Fault) => error.code);
  await store.close('test');
  release();
  assert.is(await measured, 'stopped');
  assert.is(store.types().at(-1), 'StoreClosed');
  assert.not(store.types().includes('UsageMeasured'));
  const again = store.journal.record([{ type: 'StoreClosed', data: { reason: 'again' } }], { actor });
  assert.is((await caughtFault(again)).code, 'stopped');
  const next = await openMemoryStore({}, { kept: store.kept, driver: store.driver });
  await waitFor('the usage to be measured', () => next.types().includes('UsageMeasured'));
});

/** milliseconds */
const short = { work: 100, record: 100, checkpoint: 100 };
const crashed = async (store: MemoryStore) =>
  (await openMemoryStore({}, { kept: store.kept, driver: store.driver })).recovered.crash !== null;

test('ends pending retries first', async () => {
  const { promise: held, resolve: release } = deferred();
  let tries = 0;
  const store = await openMemoryStore({
    service: { durability: 'background' },
    before: (operation) => {
      if (operation !== 'flush') return;
      tries += 1;
      if (tries === 1) throw new Fault('io', 'EIO', { hint: '' });
      return held;
    },
  });
  await store.snapshots.prepare(prepare('k1'), actor);
  await store.snapshots.commit(commit('k1', 'base'), actor);
  await waitFor('the flush to be retried', () => tries === 2);
  const closing = store.close('test');
  await pause(100);
  assert.not(store.types().includes('StoreClosed'));
  release();
  await closing;
  assert.equal(store.types().slice(-2), ['VolumeFlushed', 'StoreClosed']);
});

test('aborts a purge, retried or not, and the next start continues it', async () => {
  const tries: number[] = [];
  const store = await openMemoryStore({
    before: (operation, id) => {
      if (operation !== 'purge') return;
      tries.push(id);
      if (id === 1 && tries.filter((one) => one === 1).length === 1) throw new Fault('io', 'EIO', { hint: '' });
      return deferred().promise;
    },
  });
  for (const key of ['k1', 'k2']) {
    await store.snapshots.prepare(prepare(key), actor);
    await store.snapshots.remove(remove(key), actor);
  }
  await waitFor('one purge, and another to be retried', () => tries.includes(2) && tries.length === 3);
  const cleaned = store.snapshots.cleanup().catch((error: Fault) => error.code);
  store.halt();
  assert.is(await cleaned, 'stopped');
  await store.close('test');
  assert.is(store.types().at(-1), 'StoreClosed');
  assert.equal(
    store.said.filter(({ level }) => level === 'error').map(({ message }) => message),
    ['purge failed'],
  );
  const next = await openMemoryStore({}, { kept: store.kept, driver: store.driver });
  await waitFor('the purges', () => next.types().filter((type) => type === 'VolumePurged').length === 2);
});

test('answers a removal that waits for its purge, since it is recorded', async () => {
  const { promise: held } = deferred();
  const store = await openMemoryStore({
    service: { removal: 'sync' },
    before: (operation) => (operation === 'purge' ? held : undefined),
  });
  await store.snapshots.prepare(prepare('k1'), actor);
  const removed = store.snapshots.remove(remove('k1'), actor);
  await waitFor('the event', () => store.types().includes('SnapshotRemoved'));
  store.halt();
  assert.is((await removed)._tag, 'Right');
  await store.close('test');
  assert.is(store.types().at(-1), 'StoreClosed');
});

test('waits for a running change, and is not recorded if that takes too long', async () => {
  for (const released of [true, false]) {
    const { promise: held, resolve: release } = deferred();
    const store = await openMemoryStore({
      before: (operation) => (operation === 'flush' ? held : undefined),
      ...(!released && { closingLimits: short }),
    });
    await store.snapshots.prepare(prepare('k1'), actor);
    const committed = store.snapshots.commit(commit('k1', 'base'), actor);
    const closing = store.close('test');
    await pause(50);
    assert.not(store.types().includes('StoreClosed'));
    if (released) {
      release();
      await committed;
    }
    assert.is(await closing, released, 'whether it came to rest: else the lock is kept');
    if (released) assert.equal(store.types().slice(-2), ['SnapshotCommitted', 'StoreClosed']);
    else assert.is(await crashed(store), true);
    release();
    await committed;
  }
});

test('is not recorded if layers cannot be flushed in time', async () => {
  const { promise: held, resolve: release } = deferred();
  const store = await openMemoryStore({
    service: { durability: 'background' },
    closingLimits: short,
    before: (operation) => (operation === 'flush' ? held : undefined),
  });
  await store.snapshots.prepare(prepare('k1'), actor);
  await store.snapshots.commit(commit('k1', 'base'), actor);
  assert.is(await store.close('test'), false);
  assert.not(store.types().includes('StoreClosed'));
  assert.is(store.said.at(-1)?.message, 'closing not recorded: the next start will recover as after a crash');
  release();
  assert.is(await crashed(store), true);
});

test('aborts reconciling between two actions, and within a deletion', async () => {
  const done: string[] = [];
  const store = await openMemoryStore({
    before: (operation, id) => {
      if (operation !== 'quarantine' && operation !== 'discard') return;
      done.push(`${operation} ${id}`);
      return deferred().promise;
    },
  });
  for (const id of [41, 42]) store.driver.volumes.set(String(id), newMemoryVolume());
  const reconciled = store.reconcile({ dryRun: false }).catch((error: Fault) => error.code);
  await waitFor('the first deletion', () => done.length === 1);
  store.halt();
  assert.is(await reconciled, 'stopped');
  await store.close('test');
  assert.equal([done.length, store.types().at(-1)], [1, 'StoreClosed']);
});

test('aborts a checkpoint that takes too long', async () => {
  const store = await openMemoryStore({ closingLimits: short, saveCheckpoint: () => deferred().promise });
  assert.is(await store.close('test'), false);
  assert.is(store.types().at(-1), 'StoreClosed');
  assert.match(store.said.at(-1)?.message ?? '', 'checkpoint not written in time');
});

test('gives up on a log that does not answer', async () => {
  const { promise: held, resolve: release } = deferred();
  let stuck = false;
  const store = await openMemoryStore({ closingLimits: short, flush: () => (stuck ? held : Promise.resolve()) });
  stuck = true;
  await store.close('test');
  assert.match(store.said.at(-1)?.message ?? '', 'closing not recorded');
  release();
});

test.after(closeMemoryStores);

test.run();
