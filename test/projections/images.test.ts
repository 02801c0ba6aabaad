import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { imageKey, imagesWith } from '../../projections/images.ts';
import { createLatest } from '../../projections/latest/latest.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { enveloped, imageGone, imageSeen } from '../support/sample-events.ts';

const test = suite('images of containerd');
const after = (...events: readonly Event[]) => enveloped(events).reduce(evolve, emptyState());

test('an image has the newest target and layers, until its name is deleted', () => {
  const state = after(imageSeen('a', 't1', null), imageSeen('a', 't1', ['x']), imageSeen('b', 't1'), imageGone('b'));
  assert.equal([...state.images], [['k8s.io/a', { namespace: 'k8s.io', name: 'a', target: 't1', layers: ['x'] }]]);
  const { data } = imageSeen('a', 't2', ['y'], '/images/update');
  const other = { ...data, namespace: 'default' };
  const both = after(imageSeen('a', 't1'), { type: 'ContainerdObserved', data: other }, imageGone('a'));
  assert.equal([...both.images.keys()], [imageKey('default', 'a')]);
});

test('what earlier releases observed of containerd has no image', () => {
  const data = { topic: '/snapshot/remove', namespace: 'k8s.io', name: 'a', at: 1n };
  assert.is(after({ type: 'ContainerdObserved', data }).images.size, 0);
  assert.is(after(imageGone('a')).images.size, 0);
});

test('the images with a layer are those of its namespace, by name', () => {
  const { images } = after(
    ...[
      imageSeen('b', 't', ['x', 'y']),
      imageSeen('a', 't', ['x']),
      imageSeen('c', 't', null),
      imageSeen('d', 't', ['z']),
    ],
  );
  assert.equal(imagesWith(images, 'k8s.io', 'x'), ['a', 'b']);
  assert.equal(imagesWith(images, 'default', 'x'), []);
});

test('changes in flight are rolled back', () => {
  const durable = after(imageSeen('a', 't'));
  const latest = createLatest(durable);
  for (const envelope of enveloped([imageGone('a'), imageSeen('b', 't')], 1)) latest.fold(envelope);
  assert.equal([...latest.state.images.keys()], ['k8s.io/b']);
  latest.rollBack();
  assert.equal([...latest.state.images.keys()], ['k8s.io/a']);
});

test.run();
