import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { renameSnapshotter } from '../../../src/maintenance/takeover/rename-snapshotter.ts';
import { bucketAt, bucketOf } from '../../support/containerd-root.ts';

const test = suite("names in containerd's own database");

const keysAt = (...path: readonly string[]) => {
  const { root } = renameSnapshotter(database, 'overlayfs', 'snapledger');
  return bucketAt(root, ...path).entries.map(({ key }) => key.toString());
};

const labels = Object.fromEntries(
  ['ref.snapshot.overlayfs', 'bref.snapshot.overlayfs/a', 'cond.snapshot/overlayfs', 'cond.snapshot.overlayfs/b'].map(
    (name) => [`containerd.io/gc.${name}`, 'x'],
  ),
);
const database = bucketOf({
  v1: {
    default: {
      containers: {
        labels: { labels, snapshotter: 'overlayfs' },
        other: { snapshotter: 'native', labels: { 'x/overlayfs': '' } },
      },
      leases: { one: { snapshots: { overlayfs: { a: '' }, snapledger: { b: '' } } } },
      snapshots: { overlayfs: {}, snapledger: { kept: { name: 'default/1/kept' } } },
    },
  },
});

test('rename: labels of every form are renamed, also those of a container with the name `labels`', () => {
  assert.equal(keysAt('v1', 'default', 'containers', 'labels', 'labels'), [
    'containerd.io/gc.ref.snapshot.snapledger',
    'containerd.io/gc.bref.snapshot.snapledger/a',
    'containerd.io/gc.cond.snapshot/snapledger',
    'containerd.io/gc.cond.snapshot.snapledger/b',
  ]);
  assert.equal(keysAt('v1', 'default', 'containers', 'other', 'labels'), ['x/overlayfs']);
});

test('rename: what is recorded under both names is merged', () => {
  assert.equal(keysAt('v1', 'default', 'snapshots'), ['snapledger']);
  assert.equal(keysAt('v1', 'default', 'snapshots', 'snapledger'), ['kept']);
  assert.equal(keysAt('v1', 'default', 'leases', 'one', 'snapshots', 'snapledger').sort(), ['a', 'b']);
});

test.run();
