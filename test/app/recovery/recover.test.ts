import { setTimeout as pause } from 'node:timers/promises';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { newMemoryVolume } from '../../../src/adapters/volume-driver/memory-driver.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { commit, prepare, remove } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, type MemoryStore, openMemoryStore } from '../../support/memory-store.ts';
import { sampleNode, sampleRoot } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('recovery');
const actor = { actor: 'containerd' };

/** The same records and volumes under a new process, as after kill -9. */
const again = (store: MemoryStore, options = {}) =>
  openMemoryStore(options, { kept: store.kept, driver: store.driver });
const actions = ({ recovered }: MemoryStore) => recovered.actions.map(({ type, id }) => `${type} ${id}`);
const opening = (store: MemoryStore) =>
  store
    .durable()
    .flatMap(({ event }) => (event.type === 'StoreOpened' ? [event.data] : []))
    .at(-1);

const other = { id: '0000000000000002', host: 'node-2', path: '/mnt/copy' };

test('records the root, and the one that served the store before', async () => {
  const first = await openMemoryStore();
  assert.equal([opening(first)?.root, opening(first)?.replaces], [sampleRoot, null]);
  assert.equal(opening(first)?.node, sampleNode);
  const moved = await again(first, { root: other });
  assert.equal([opening(moved)?.root, opening(moved)?.replaces], [other, sampleRoot]);
  assert.equal(
    moved.said.filter(({ message }) => message.includes('another root')).map(({ level, fields }) => [level, fields]),
    [['warn', { root: other, before: sampleRoot }]],
  );
  const back = await again(moved, { root: other });
  assert.equal(
    [opening(back)?.replaces, back.said.some(({ message }) => message.includes('another root'))],
    [null, false],
  );
});

test('a copy of a root takes over a log in a cluster only with takeOver', async () => {
  const first = await openMemoryStore({ shared: true });
  await first.snapshots.prepare(prepare('k1'), actor);
  const { length } = first.kept;
  const { code, message, hint } = await caughtFault(again(first, { shared: true, root: other }));
  assert.is(code, 'misuse');
  assert.match(message, 'written from another root, /var/lib/snapledger on node-1');
  assert.match(hint, 'serve --take-over');
  assert.is(first.kept.length, length, 'nothing was recorded');
  const taken = await again(first, { shared: true, root: other, takeOver: true });
  assert.equal(opening(taken)?.replaces, sampleRoot);
  assert.match((await caughtFault(again(taken, { shared: true }))).message, '/mnt/copy on node-2');
  await (await again(taken, { shared: true, root: other })).close('done');
});

test('a first start records the creation and the opening', async () => {
  const store = await openMemoryStore();
  assert.equal(store.types(), ['StoreCreated', 'StoreOpened']);
  assert.is(store.journal.durable.storeInfo.driver, 'memory');
  await store.close('done');
  assert.is(store.types().at(-1), 'StoreClosed');
});

test('an opening without a closing before it is recorded as a crash', async () => {
  const first = await openMemoryStore();
  const second = await again(first);
  assert.match(
    JSON.stringify(opening(second), (_, value) => value),
    '"clean":false',
  );
  await second.close('done');
  const third = await again(second);
  assert.match(JSON.stringify(opening(third)), '"clean":true');
});

test('everything that was acknowledged survives a crash', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  await first.snapshots.commit(commit('k1', 'base'), actor);
  await first.snapshots.prepare(prepare('k2', 'base'), actor);
  await waitFor('the drop of the active', () => first.driver.volumes.get('1')?.kind === 'committed');
  const second = await again(first);
  assert.equal([...second.journal.durable.index.values()].map(({ key, kind, id }) => `${key} ${kind} ${id}`).sort(), [
    'base committed 1',
    'k2 active 2',
  ]);
  assert.equal(actions(second), []);
});

test('discards a volume without an event, recreates the volume of an event', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  first.driver.volumes.delete('1');
  first.driver.volumes.set('2', newMemoryVolume());
  const second = await again(first);
  assert.equal(actions(second), ['discard 2', 'recreate 1']);
  assert.equal([...second.driver.volumes.keys()], ['1']);
  assert.ok(second.types().includes('VolumeRecreated'));
  assert.ok(second.types().includes('OrphanPurged'));
  assert.is(second.types().at(-1), 'StoreOpened');
});

test('undoes a frozen layer without a commit', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  Object.assign(first.driver.volumes.get('1') ?? {}, { frozen: true });
  const second = await again(first);
  assert.equal(actions(second), ['undo-commit 1']);
  assert.not(second.driver.volumes.get('1')?.frozen);
  assert.ok(second.types().includes('CommitUndone'));
});

test('declares a vanished committed layer lost, with its children', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  await first.snapshots.commit(commit('k1', 'base'), actor);
  await first.snapshots.prepare(prepare('k2', 'base'), actor);
  first.driver.volumes.delete('1');
  const second = await again(first);
  assert.equal(actions(second), ['declare-lost 2', 'declare-lost 1', 'quarantine 2']);
  const found = second.snapshots.stat('base');
  assert.ok(either.isLeft(found) && found.left.code === 'not-found');
  assert.is(second.journal.durable.index.size, 0);
  assert.is(second.driver.quarantined.size, 1);
  await second.close('done');
  assert.equal(actions(await again(second)), [], 'once is enough');
});

test('purges a removed volume that still exists', async () => {
  const { promise: held, resolve: release } = deferred();
  const first = await openMemoryStore({ before: (operation) => (operation === 'purge' ? held : undefined) });
  await first.snapshots.prepare(prepare('k1'), actor);
  await first.snapshots.remove(remove('k1'), actor);
  const second = await again(first);
  release();
  assert.equal(actions(second), ['purge 1']);
  await second.snapshots.cleanup();
  assert.is(second.driver.volumes.size, 0);
});

test('a killed recovery is repeated by the next one', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  first.driver.volumes.delete('1');
  const { promise: creating, resolve: begun } = deferred();
  const killed = openMemoryStore(
    {
      before: (operation) => {
        if (operation !== 'create') return;
        begun();
        return new Promise(() => {});
      },
    },
    first,
  );
  await Promise.race([killed, creating]);
  const third = await again(first);
  assert.equal(actions(third), ['recreate 1']);
});

test('an action that fails is logged and retried, the others continue', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  first.driver.volumes.delete('1');
  first.driver.volumes.set('stray', newMemoryVolume());
  let refusals = 0;
  const second = await again(first, {
    before: (operation: string) => {
      if (operation === 'quarantine' && ++refusals === 1) throw new Fault('io', 'EIO', { hint: '' });
    },
  });
  assert.is(second.recovered.failed, 1);
  assert.ok(second.said.some(({ message }) => message === 'reconcile failed'));
  assert.ok(second.driver.volumes.has('1'));
  await waitFor('the retry', () => second.driver.quarantined.size > 0);
  assert.is(second.driver.quarantined.size, 1);
});

test('reconcile on a running store plans with dryRun, and does what it planned', async () => {
  const store = await openMemoryStore();
  await store.snapshots.prepare(prepare('k1'), actor);
  store.driver.volumes.set('stray', newMemoryVolume());
  const planned = await store.reconcile({ dryRun: true });
  assert.equal(
    planned.map(({ type }) => type),
    ['quarantine'],
  );
  assert.ok(store.driver.volumes.has('stray'));
  await Promise.all([store.reconcile({ dryRun: false }), store.snapshots.prepare(prepare('k2'), actor)]);
  assert.not(store.driver.volumes.has('stray'));
  assert.equal(await store.reconcile({ dryRun: true }), []);
});

/** A large store, closed cleanly, with a layer, an active on it and a view. */
async function leftInOrder(): Promise<MemoryStore> {
  const store = await openMemoryStore();
  await store.snapshots.prepare(prepare('k1'), actor);
  await store.snapshots.commit(commit('k1', 'base'), actor);
  await store.snapshots.prepare(prepare('k2', 'base'), actor);
  await store.snapshots.prepare({ ...prepare('v', 'base'), kind: 'view' }, actor);
  await store.close('done');
  return store;
}

test('after a clean shutdown ids are enough, volumes are verified while the store serves', async () => {
  const first = await leftInOrder();
  Object.assign(first.driver.volumes.get('2') ?? {}, { complete: false });
  const second = await again(first, { large: true });
  assert.equal(actions(second), []);
  assert.ok(second.recovered.unverified);
  await waitFor('the volume to be completed', () => second.driver.volumes.get('2')?.complete === true);
  assert.ok(second.said.some(({ fields }) => fields.volumes === 1));
});

test('an unchanged large store needs nothing more', async () => {
  const second = await again(await leftInOrder(), { large: true });
  await pause(50);
  assert.equal([actions(second), second.said.filter(({ level }) => level !== 'info')], [[], []]);
  await second.close('done');
});

for (const [what, change, done] of [
  ['a volume is gone', (volumes) => volumes.delete('2'), ['declare-lost 2']],
  ['there is one more', (volumes) => volumes.set('9', newMemoryVolume()), ['discard 9']],
  ['there is something strange', (volumes) => volumes.set('stray', newMemoryVolume()), ['quarantine null']],
] as const satisfies readonly (readonly [string, (volumes: MemoryStore['driver']['volumes']) => unknown, string[]])[])
  test(`after a clean shutdown all volumes are inspected before the store opens if ${what}`, async () => {
    const first = await leftInOrder();
    change(first.driver.volumes);
    const second = await again(first, { large: true });
    assert.equal([actions(second), second.recovered.unverified], [done, false]);
  });

for (const boot of ['boot', 'another'])
  test(`clean shutdown, ${boot === 'boot' ? 'same boot' : 'another boot'}: volumes are not inspected first`, async () => {
    const second = await again(await leftInOrder(), { large: true, boot });
    assert.ok(second.recovered.unverified);
  });

test('after a crash all volumes are inspected before the store opens', async () => {
  const first = await openMemoryStore();
  await first.snapshots.prepare(prepare('k1'), actor);
  Object.assign(first.driver.volumes.get('1') ?? {}, { complete: false });
  assert.equal(actions(await again(first, { large: true })), ['complete 1']);
});

test.after(closeMemoryStores);

test.run();
