import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { refLabel } from '../../projections/snapshot.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { adoptable, restoration } from '../../src/domain/adoption.ts';
import { restorable } from '../../src/domain/restore.ts';
import { committed, enveloped, prepared } from '../support/sample-events.ts';

const test = suite('adoption and restore');
const a = { name: 'ns/2/sha256:a', id: 1 };
const b = { name: 'ns/4/sha256:b', id: 2 };
const gone = (id: number, key: string, parent: { name: string; id: number } | null, labels: Labels = {}): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key, kind: 'committed', parent: parent?.name ?? '', parentId: parent?.id ?? null, labels },
    ...{ created: 2n, updated: 2n, retained: true },
  },
});
const layers = [prepared(1, 'ns/1/x'), committed(1, 'ns/1/x', a.name), prepared(2, 'ns/3/x', a)] as const;
const both = [...layers, committed(2, 'ns/3/x', b.name, a), gone(2, b.name, a), gone(1, a.name, null)] as const;
const stateOf = (...events: Event[]) => enveloped(events).reduce(evolve, emptyState());
const prepare = (ref: string, parent = '', key = 'ns/9/extract') =>
  ({ type: 'Prepare', key, parent, kind: 'active', labels: { [refLabel]: ref } }) as const;
const restored = (id: number, state = stateOf(...both)): Event => {
  const retained = state.volumes.retained.get(id);
  if (retained === undefined) throw new Error(`${id} is not retained`);
  return restoration(retained, 'adopted');
};

test('a retained layer is adoptable for its name, and for its label', () => {
  assert.is(adoptable(stateOf(...both), prepare('sha256:a'))?.snapshot.id, 1);
  const labelled = stateOf(...layers.slice(0, 2), gone(1, a.name, null, { [refLabel]: 'other' }));
  assert.is(adoptable(labelled, prepare('other'))?.snapshot.id, 1);
  assert.is(adoptable(labelled, prepare('sha256:a')), undefined);
});

test('a child is adoptable when its own parent is back, and only on that one', () => {
  const state = stateOf(...both);
  assert.is(adoptable(state, prepare('sha256:b', a.name)), undefined);
  const back = stateOf(...both, restored(1));
  assert.is(adoptable(back, prepare('sha256:b', a.name))?.snapshot.id, 2);
  assert.is(adoptable(back, prepare('sha256:b')), undefined);
});

test('a restored layer carries the label that containerd looks for, and can be adopted again', () => {
  const event = restored(1);
  assert.ok(event.type === 'SnapshotRestored');
  assert.equal(event.data.labels, { [refLabel]: 'sha256:a' });
  const again = adoptable(stateOf(...both, event), prepare('sha256:a'));
  assert.is(again?.snapshot.key, a.name);
  assert.is(again?.retained, undefined);
});

test('adopts nothing without label, for a view, across namespaces, for a used key, or another layer', () => {
  const state = stateOf(...both, prepared(3, 'ns/9/extract'));
  const other = { ...prepare('sha256:a', '', 'ns/10/e') };
  assert.is(adoptable(state, other)?.snapshot.id, 1);
  assert.is(adoptable(state, { ...other, labels: {} }), undefined);
  assert.is(adoptable(state, { ...other, kind: 'view' }), undefined);
  assert.is(adoptable(state, prepare('sha256:a', '', 'other/1/e')), undefined);
  assert.is(adoptable(state, prepare('sha256:a')), undefined);
  assert.is(adoptable(state, { ...other, labels: { [refLabel]: 'sha256:c' } }), undefined);
});

test('nothing is adopted that was not flushed, was lost, or whose name is used again', () => {
  const [first] = layers;
  const unflushed: Event = {
    type: 'SnapshotCommitted',
    data: { id: 1, key: 'ns/1/x', name: a.name, parent: '', parentId: null, labels: {}, flushed: false },
  };
  assert.is(adoptable(stateOf(first, unflushed, gone(1, a.name, null)), prepare('sha256:a')), undefined);
  assert.is(adoptable(stateOf(...both, prepared(3, a.name)), prepare('sha256:a')), undefined);
  const lost: Event = { type: 'VolumeLost', data: { id: 1, key: a.name, why: 'gone' } };
  assert.is(adoptable(stateOf(...both, restored(1), lost), prepare('sha256:a')), undefined);
});

const idsOf = (name: string, ...events: Event[]) => {
  const found = restorable(stateOf(...both, ...events), name);
  return either.isRight(found) ? found.right.map(({ snapshot }) => snapshot.id) : found.left;
};

test('restore finds by name or id, and includes retained parents, parents first', () => {
  assert.equal(idsOf(b.name), [1, 2]);
  assert.equal(idsOf('2'), [1, 2]);
  assert.equal(idsOf('1'), [1]);
  assert.equal(idsOf('2', restored(1)), [2]);
});

test('of several retained layers of one name restore takes the one that was removed last', () => {
  const again = [prepared(3, 'ns/9/x'), committed(3, 'ns/9/x', a.name), gone(3, a.name, null)];
  assert.equal(idsOf(a.name, ...again), [3]);
});

test('a layer without a name that containerd could use is restored unchanged', () => {
  const event = restored(1, stateOf(prepared(1, 'x'), committed(1, 'x', 'plain'), gone(1, 'plain', null)));
  assert.ok(event.type === 'SnapshotRestored');
  assert.equal(event.data.labels, {});
});

test('restore is refused with the reason', () => {
  const refusals: [string, Event[], string, string][] = [
    ['nobody', [], 'not-found', 'no layer of that name or id is retained'],
    ['77', [], 'not-found', 'no layer'],
    [a.name, [restored(1)], 'already-exists', 'was not removed, it exists'],
    ['1', [restored(1)], 'already-exists', 'it exists'],
    [a.name, [prepared(3, a.name)], 'failed-precondition', 'the name is taken again, by snapshot 3'],
    ['2', [{ type: 'RetentionEnded', data: { id: 1, key: a.name, why: 'old' } }], 'failed-precondition', 'is gone'],
    ['1', [{ type: 'RetentionEnded', data: { id: 1, key: a.name, why: 'old' } }], 'failed-precondition', 'old at'],
  ];
  for (const [name, events, code, text] of refusals) {
    const refusal = idsOf(name, ...events);
    assert.ok(!Array.isArray(refusal) && 'code' in refusal, name);
    assert.is(refusal.code, code);
    assert.match(refusal.text, text);
  }
  const unflushed: Event = {
    type: 'SnapshotCommitted',
    data: { id: 1, key: 'ns/1/x', name: a.name, parent: '', parentId: null, labels: {}, flushed: false },
  };
  const found = restorable(stateOf(layers[0], unflushed, gone(1, a.name, null)), '1');
  assert.ok(either.isLeft(found) && /stable storage/.test(found.left.text));
});

test.run();
