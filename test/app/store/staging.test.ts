import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../../events/codecs.ts';
import type { RetentionPolicy } from '../../../src/app/retention/policy.ts';
import type { Answer } from '../../../src/domain/commands.ts';
import { stagedLabel } from '../../../src/domain/staging.ts';
import { errnoError } from '../../../src/ports/errno.ts';
import { faultOf } from '../../../src/ports/fault.ts';
import { commit, prepare, remove } from '../../support/commands.ts';
import {
  closeMemoryStores,
  type MemoryStore,
  type MemoryStoreOptions,
  openMemoryStore,
} from '../../support/memory-store.ts';
import { layerLabels } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('staged layers');
test.after.each(closeMemoryStores);
const actor = { actor: 'containerd', namespace: 'default' };
const retention: RetentionPolicy = { keep: 1e9, maxSnapshots: 1e6, maxBytes: 1e12, minFree: { bytes: 0 } };
const base = 'default/2/base';
const other = 'default/4/other';
const source = 'default/6/source';
const asked = layerLabels('b', 'd', 'a');
const again = layerLabels('c', 'd', 'e');

function right<T>(answer: Answer<T>): T {
  if (either.isLeft(answer)) throw new Error(`refused: ${answer.left.text}`);
  return answer.right;
}

/** Two base layers, and a layer of a MiB that was rebased onto the first: snapshot 3. */
async function withLayer(options: MemoryStoreOptions = {}, labels = asked, parent = ''): Promise<MemoryStore> {
  const store = await openMemoryStore({ stagesLayers: true, ...options, service: { retention, ...options.service } });
  const { snapshots, driver } = store;
  for (const [n, name] of [base, other].entries()) {
    right(await snapshots.prepare(prepare(`default/${n}/x`, ''), actor));
    right(await snapshots.commit(commit(`default/${n}/x`, name), actor));
  }
  right(await snapshots.prepare(prepare('default/5/x', parent, { labels }), actor));
  Object.assign(driver.volumes.get('3') ?? {}, { bytes: 1 << 20, inodes: 7 });
  right(await snapshots.commit({ ...commit('default/5/x', source, { labels }), parent: base }, actor));
  right(await snapshots.usage(source));
  await heard(store);
  return store;
}

const assertRejects = (call: Promise<unknown>) =>
  call.then(
    () => assert.unreachable('accepted'),
    (error) => assert.is(error.code, 'io'),
  );

const heard = ({ journal }: MemoryStore) => waitFor('delivery', () => journal.delivered === journal.durable.position);

const ask = ({ snapshots }: MemoryStore, labels: Labels = again, key = 'default/9/x', parent = '') =>
  snapshots.prepare(prepare(key, parent, { labels }), actor);

/** The options of the mount that a Prepare is answered with; and how much its volume holds. */
async function answered(store: MemoryStore, ...rest: [labels?: Labels, key?: string, parent?: string]) {
  const [mount] = right(await ask(store, ...rest));
  const { bytes } = store.driver.volumes.get(mount?.source.replace('memory/', '') ?? '') ?? { bytes: -1 };
  return [mount?.options[0], bytes, store.driver.copies.size];
}
const staged = ['ro', 1 << 20, 0];
const empty = ['rw', 0, 0];

test('the content of a rebased layer is given to another parent, read-only, and committed', async () => {
  const store = await withLayer();
  assert.equal(await answered(store), staged);
  assert.is(right(store.snapshots.stat('default/9/x')).labels[stagedLabel], '3');
  assert.is(right(await store.snapshots.mounts('default/9/x'))[0]?.options[0], 'ro');
  right(
    await store.snapshots.commit({ ...commit('default/9/x', 'default/10/y', { labels: again }), parent: other }, actor),
  );
  const { parent, labels } = right(store.snapshots.stat('default/10/y'));
  assert.equal([parent, labels], [other, again]);
  assert.equal(right(await store.snapshots.usage('default/10/y')), { bytes: 1 << 20, inodes: 7 });
});

test('a retained layer is staged too, and stays retained', async () => {
  const store = await withLayer();
  right(await store.snapshots.remove(remove(source), actor));
  assert.equal(await answered(store), staged);
  assert.ok(store.journal.durable.volumes.retained.has(3));
});

test('a staged layer is a source after its commit, when its own source is gone', async () => {
  const store = await withLayer();
  right(await ask(store));
  const named = { ...commit('default/9/x', 'default/10/y', { labels: again }), parent: other };
  right(await store.snapshots.commit(named, actor));
  right(await store.snapshots.remove(remove(source), actor));
  await store.journal.record([{ type: 'RetentionEnded', data: { id: 3, key: source, why: 'kept long enough' } }], {
    actor,
  });
  await heard(store);
  assert.equal(await answered(store, layerLabels('f', 'd', 'a'), 'default/11/x'), staged);
  assert.is(right(store.snapshots.stat('default/11/x')).labels[stagedLabel], '4');
});

test('a staged active is still read-only after a restart', async () => {
  const store = await withLayer();
  right(await ask(store));
  const opened = await openMemoryStore({ service: { retention } }, { kept: store.kept, driver: store.driver });
  assert.is(right(await opened.snapshots.mounts('default/9/x'))[0]?.options[0], 'ro');
});

const unlike: readonly (readonly [about: string, ask: [labels?: Labels, key?: string, parent?: string]])[] = [
  ['another content', [layerLabels('c', 'f', 'e')]],
  ['another namespace', [again, 'other/9/x']],
  ['a layer that has its parent already', [again, 'default/9/x', other]],
  ['a base layer', [layerLabels('d', 'd')]],
  ['a client that names no layer', [{ 'containerd.io/snapshot/diff-id': `sha256:${'d'.repeat(64)}` }]],
];
for (const [about, question] of unlike)
  test(`nothing is staged for ${about}`, async () => {
    assert.equal(await answered(await withLayer(), ...question), empty);
  });

test('nothing is staged unless the driver can, in a namespace that never adopts, or from a layer that was not rebased', async () => {
  assert.equal(await answered(await withLayer({ stagesLayers: false })), empty);
  const policy = { ...retention, neverAdopt: ['default'] };
  assert.equal(await answered(await withLayer({ service: { retention: policy } })), empty);
  assert.equal(await answered(await withLayer({}, asked, base)), empty);
});

test('no client can give the label of a staged layer', async () => {
  for (const stagesLayers of [true, false]) {
    const store = await withLayer({ stagesLayers });
    assert.equal(await answered(store, { [stagedLabel]: '3' }), empty);
    assert.equal(right(store.snapshots.stat('default/9/x')).labels, {});
  }
});

test('a layer that was changed is not staged: its retention ends with the reason', async () => {
  const store = await withLayer();
  right(await store.snapshots.remove(remove(source), actor));
  Object.assign(store.driver.volumes.get('3') ?? {}, { inodes: 6 });
  assert.equal(await answered(store), empty);
  assert.ok(store.types().includes('RetentionEnded'));
  assert.ok(store.said.some(({ message }) => message === 'layer not staged: it is not as it was committed'));
});

test('a copy that fails is no failure of the prepare', async () => {
  const before = (name: string) => {
    if (name === 'copy') throw faultOf(errnoError('ENOSPC', 'full'), 'copy');
  };
  const store = await withLayer({ before });
  assert.equal(await answered(store), empty);
  assert.ok(store.said.some(({ message }) => message === 'layer not staged: it could not be copied'));
});

test('a layer that is evicted while it is copied is not staged, and its copy deleted', async () => {
  let evict: (() => Promise<unknown>) | undefined;
  const before = async (name: string) => {
    if (name === 'copy') await evict?.();
  };
  const store = await withLayer({ before });
  right(await store.snapshots.remove(remove(source), actor));
  const data = { id: 3, key: source, why: 'kept long enough' };
  evict = () => store.journal.record([{ type: 'RetentionEnded', data }], { actor });
  assert.equal(await answered(store), empty);
  assert.is(right(store.snapshots.stat('default/9/x')).labels[stagedLabel], undefined);
});

test('a prepare that was killed before its copy was placed can not be committed, and is undone at the start', async () => {
  let placing: (() => void) | undefined;
  const begun = new Promise<void>((resolve) => {
    placing = resolve;
  });
  const before = (name: string) => {
    if (name !== 'place') return;
    placing?.();
    throw faultOf(errnoError('EIO', 'broken'), 'place');
  };
  // Neither the copy nor the undo gets anywhere, as after a kill.
  const failpoint = (step: string) => {
    if (step === 'undo.prepare') throw faultOf(errnoError('EIO', 'broken'), 'undo');
  };
  const store = await withLayer({ before, failpoint });
  await Promise.all([begun, assertRejects(ask(store))]);
  const named = { ...commit('default/9/x', 'default/10/y', { labels: again }), parent: other };
  await assertRejects(store.snapshots.commit(named, actor));
  const opened = await openMemoryStore({ service: { retention } }, { kept: store.kept, driver: store.driver });
  assert.ok(opened.types().includes('PrepareUndone'));
  assert.ok(either.isLeft(await opened.snapshots.commit(named, actor)));
  assert.ok(either.isLeft(opened.snapshots.stat('default/10/y')));
  await waitFor('the purge', () => !opened.driver.volumes.has('4'));
  assert.equal([...opened.driver.quarantined.keys()], []);
});

test('a copy that can not be placed undoes the prepare, and nothing is left', async () => {
  let failing = true;
  const failpoint = (step: string) => {
    if (failing && step === 'staging.place') throw faultOf(errnoError('EIO', 'broken'), 'place');
  };
  const store = await withLayer({ failpoint });
  const failed = await ask(store).then(
    () => 'accepted',
    (error) => error.code,
  );
  assert.is(failed, 'io');
  assert.is(store.types().at(-1), 'PrepareUndone');
  assert.is(store.driver.copies.size, 0);
  failing = false;
  assert.equal(await answered(store), staged);
});

test.run();
