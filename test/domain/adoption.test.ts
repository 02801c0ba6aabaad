import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { refLabel } from '../../projections/snapshot.ts';
import { emptyState, evolve, type State } from '../../projections/state.ts';
import { adoptable as adoptableBy, restoration } from '../../src/domain/adoption.ts';
import type { Prepare } from '../../src/domain/commands.ts';
import { restorable } from '../../src/domain/restore.ts';
import { committed, enveloped, layerLabels, prepared } from '../support/sample-events.ts';

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
const adoptable = (state: State, command: Prepare, reparent = true) => adoptableBy(state, command, { reparent });
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

const hex = (digit: string) => `sha256:${digit.repeat(64)}`;
const p = { name: `ns/2/${hex('a')}`, id: 1 };
const q = { name: `ns/8/${hex('a')}`, id: 3 };
const child = layerLabels('b', 'd', 'a');
/** A layer and its parent as containerd 2.3 labels them, both removed, and the same parent again as another snapshot. */
const replaced = [
  ...[prepared(1, 'ns/1/x', null, layerLabels('a', 'a')), committed(1, 'ns/1/x', p.name, null, layerLabels('a', 'a'))],
  ...[prepared(2, 'ns/3/x', p, child), committed(2, 'ns/3/x', `ns/4/${hex('b')}`, p, child)],
  ...[gone(2, `ns/4/${hex('b')}`, p, child), gone(1, p.name, null, layerLabels('a', 'a'))],
  ...[prepared(3, 'ns/7/x'), committed(3, 'ns/7/x', q.name)],
] as const;
const ask = (parent: string, labels: Labels): Prepare => ({ ...prepare('', parent), labels });

test('the diff id finds a layer on another parent of the same chain, if layers can be put there', () => {
  const state = stateOf(...replaced);
  assert.is(adoptable(state, ask(q.name, child))?.snapshot.id, 2);
  assert.is(adoptable(state, ask(q.name, { ...child, 'containerd.io/snapshot/parent-chain-id': '' })), undefined);
  assert.is(adoptable(state, ask(q.name, child), false), undefined);
  assert.is(adoptable(state, ask(q.name, layerLabels('b', 'e', 'a'))), undefined);
  assert.is(adoptable(state, ask(q.name, layerLabels('b', 'd', 'c'))), undefined);
  assert.is(adoptable(state, { ...ask(q.name, child), key: 'other/9/x' }), undefined);
});

test('the diff id finds nothing for a layer that gets its parent at its commit', () => {
  const base = [prepared(1, 'ns/1/x', null, layerLabels('d', 'd')), committed(1, 'ns/1/x', 'ns/2/base')] as const;
  const state = stateOf(...base, gone(1, 'ns/2/base', null));
  assert.is(adoptable(state, ask('', layerLabels('d', 'd')))?.snapshot.id, 1);
  assert.is(adoptable(state, ask('', layerLabels('b', 'd', 'a'))), undefined);
});

test('a layer found by its diff id returns under the parent and the label that containerd looks for', () => {
  const found = adoptable(stateOf(...replaced), ask(q.name, child));
  if (found?.retained === undefined) throw new Error('not found');
  const event = restoration(found.retained, 'adopted', found.place);
  assert.ok(event.type === 'SnapshotRestored');
  assert.equal(event.data, {
    ...{ id: 2, key: `ns/4/${hex('b')}`, parent: q.name, parentId: 3, labels: child, created: 2n, why: 'adopted' },
  });
  const state = stateOf(...replaced, event);
  assert.is(state.parentGraph.get(3)?.children, 1);
  assert.is(adoptable(state, ask(q.name, child))?.retained, undefined);
  assert.is(adoptable(state, ask(q.name, child))?.snapshot.id, 2);
});

test('a layer that was committed without label and under a name of its own is found by the label of its prepare', () => {
  const own = [prepared(1, 'ns/1/x', null, layerLabels('a', 'a')), committed(1, 'ns/1/x', 'ns/2/mine')] as const;
  const found = adoptable(stateOf(...own, gone(1, 'ns/2/mine', null)), ask('', layerLabels('a', 'a')));
  assert.equal([found?.snapshot.id, found?.place.ref], [1, hex('a')]);
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
