import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { adoptionKey, namespaceOf, refOf } from '../../projections/snapshot.ts';
import { emptyState, evolve, retainedTotals, type State } from '../../projections/state.ts';
import { committed, enveloped, layerLabels, prepared } from '../support/sample-events.ts';

const test = suite('retained layers');
const name = 'default/2/sha256:a';
const child = 'default/4/sha256:b';
const candidate = adoptionKey('default', 'sha256:a', '');

const gone = (id: number, key: string, parent = '', parentId: number | null = null, retained = true): Event => ({
  type: 'SnapshotRemoved',
  data: { id, key, kind: 'committed', parent, parentId, labels: {}, created: 2n, updated: 2n, retained },
});
const restored = (id: number, key: string, parent = '', parentId: number | null = null): Event => ({
  type: 'SnapshotRestored',
  data: { id, key, parent, parentId, labels: { l: '1' }, created: 2n, why: 'by hand' },
});
const layers = [
  prepared(1, 'default/1/x'),
  committed(1, 'default/1/x', name),
  { type: 'UsageMeasured', data: { id: 1, bytes: 4096, inodes: 2 } },
  prepared(2, 'default/3/x', { name, id: 1 }),
  committed(2, 'default/3/x', child, { name, id: 1 }),
] as const;
const after = (...events: Event[]): State => enveloped([...layers, ...events]).reduce(evolve, emptyState());
const both = [gone(2, child, name, 1), gone(1, name)];

test('a retained layer is not in the index, and keeps its values, usage and flush', () => {
  const { index, parentGraph, volumes, usage } = after(...both);
  assert.is(index.size + parentGraph.size + volumes.wanted.size + volumes.pendingPurge.size, 0);
  assert.equal(volumes.retained.get(1), {
    snapshot: { id: 1, key: name, kind: 'committed', parent: '', parentId: null, labels: {}, created: 2n, updated: 2n },
    ...{ since: 7, removed: 7_000_000_000n, elapsed: 0, prepared: 1, flushed: true, diffId: null, parentless: true },
  });
  assert.equal(usage.get(1), { bytes: 4096, inodes: 2 });
  assert.is(volumes.adoptable.get(candidate), 1);
  assert.equal(retainedTotals(after(...both)), { count: 2, bytes: 4096, oldest: 6_000_000_000n });
  assert.equal(retainedTotals(after()), { count: 0, bytes: 0, oldest: undefined });
});

test('a restored layer lives again on its parent, and is still an adoption candidate', () => {
  const { index, parentGraph, volumes, usage } = after(...both, restored(1, name), restored(2, child, name, 1));
  assert.equal(index.get(name), {
    ...{ id: 1, key: name, kind: 'committed', parent: '', parentId: null, labels: { l: '1' } },
    ...{ created: 2n, updated: 8_000_000_000n },
  });
  assert.is(parentGraph.get(1)?.children, 1);
  assert.equal(volumes.wanted.get(1), {
    kind: 'committed',
    prepared: 1,
    touched: true,
    flushed: true,
    diffId: null,
    parentless: true,
  });
  assert.is(volumes.retained.size, 0);
  assert.is(volumes.adoptable.get(candidate), 1);
  assert.is(usage.get(1)?.bytes, 4096);
});

test('a layer whose retention ends is pending purge, no adoption candidate, and has no usage', () => {
  const ended: Event = { type: 'RetentionEnded', data: { id: 1, key: name, why: 'old' } };
  const { volumes, usage } = after(...both, ended);
  assert.equal(volumes.pendingPurge.get(1), { since: 8, why: 'old' });
  assert.ok(!volumes.retained.has(1) && !volumes.adoptable.has(candidate) && !usage.has(1));
  assert.is(volumes.retained.has(2), true);
  const again = after(...both, restored(1, name), gone(1, name, '', null, false));
  assert.ok(again.volumes.pendingPurge.has(1) && !again.volumes.adoptable.has(candidate));
});

test('the layer removed last is the adoption candidate, also after retention of the other ends', () => {
  const second = [prepared(3, 'default/8/x'), committed(3, 'default/8/x', 'default/9/sha256:a')];
  const ended: Event = { type: 'RetentionEnded', data: { id: 1, key: name, why: 'old' } };
  const { volumes } = after(...both, ...second, gone(3, 'default/9/sha256:a'), ended);
  assert.is(volumes.adoptable.get(candidate), 3);
});

test('the diff id of a prepare survives its commit, removal and restoration; that of a commit replaces it', () => {
  const diffIds = (...events: Event[]) => {
    const { wanted, retained: kept } = after(...events).volumes;
    return [wanted.get(3)?.diffId, kept.get(3)?.diffId];
  };
  const begun = prepared(3, 'default/5/x', null, layerLabels('c', 'd'));
  const done = committed(3, 'default/5/x', 'default/6/c');
  const away = gone(3, 'default/6/c');
  const diffId = `sha256:${'d'.repeat(64)}`;
  assert.equal(diffIds(begun), [diffId, undefined]);
  assert.equal(diffIds(begun, done), [diffId, undefined]);
  assert.equal(diffIds(begun, done, away), [undefined, diffId]);
  assert.equal(diffIds(begun, done, away, restored(3, 'default/6/c')), [diffId, undefined]);
  const other = committed(3, 'default/5/x', 'default/6/c', null, layerLabels('c', 'e'));
  assert.equal(diffIds(begun, other), [`sha256:${'e'.repeat(64)}`, undefined]);
  assert.equal(diffIds(prepared(3, 'k', null, { 'containerd.io/snapshot/diff-id': 'no digest' })), [null, undefined]);
  const rows = fromRows(JSON.parse(JSON.stringify([...toRows(after(begun, done, away))])));
  assert.ok(either.isRight(rows));
  assert.is(rows.right.volumes.retained.get(3)?.diffId, diffId);
  assert.is(rows.right.volumes.adoptable.size, 2);
});

test('a layer restored under another parent is a candidate for that one only', () => {
  const other = [prepared(3, 'default/8/x'), committed(3, 'default/8/x', 'default/9/p')] as const;
  const { volumes } = after(...both, ...other, restored(2, child, 'default/9/p', 3));
  assert.is(volumes.adoptable.get(adoptionKey('default', 'sha256:b', 'default/9/p')), 2);
  assert.is(volumes.adoptable.get(adoptionKey('default', 'sha256:b', name)), undefined);
});

test('a late flush counts for a retained layer too', () => {
  const [first, second] = layers;
  const late: Event = { ...second, data: { ...second.data, flushed: false } } as Event;
  const events = [first, late, gone(1, name)];
  const fold = (...more: Event[]) => enveloped([...events, ...more]).reduce(evolve, emptyState());
  assert.is(fold().volumes.retained.get(1)?.flushed, false);
  assert.is(fold({ type: 'VolumeFlushed', data: { id: 1 } }).volumes.retained.get(1)?.flushed, true);
});

test('events of a layer that is not known to be retained are applied as far as possible', () => {
  const { volumes } = after();
  assert.is(after(restored(9, 'k')).volumes.wanted.get(9)?.flushed, false);
  assert.equal(after({ type: 'RetentionEnded', data: { id: 9, key: 'k', why: '' } }).volumes, volumes);
  assert.equal(after(gone(9, 'k')).volumes.retained.get(9)?.flushed, false);
});

test('retained layers and adoption candidates are restored from their rows', () => {
  const state = after(...both, restored(1, name));
  const back = fromRows(JSON.parse(JSON.stringify([...toRows(state)])));
  assert.ok(either.isRight(back));
  assert.equal([...back.right.volumes.retained], [...state.volumes.retained]);
  assert.equal([...back.right.volumes.adoptable].sort(), [...state.volumes.adoptable].sort());
  assert.equal([...back.right.usage], [...state.usage]);
  const [store] = [...toRows(state)];
  for (const row of ['retained', 'adoptable']) assert.ok(either.isLeft(fromRows([store, [row, 1]])));
});

test("namespace and layer are read from the form of containerd's keys", () => {
  assert.is(namespaceOf('k8s.io/12/sha256:x'), 'k8s.io');
  assert.is(namespaceOf('plain'), '');
  assert.is(refOf({ key: 'ns/1/a/b', labels: {} }), 'a/b');
  assert.is(refOf({ key: 'ns/1/a', labels: { 'containerd.io/snapshot.ref': 'c' } }), 'c');
  assert.is(refOf({ key: 'plain', labels: {} }), '');
});

test.run();
