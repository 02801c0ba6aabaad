import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeEvent } from '../../events/registry.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { decide } from '../../src/domain/decide.ts';
import { commit, prepare, remove, update } from '../support/commands.ts';
import { given } from '../support/given.ts';
import { committed, committedEmpty, emptyLayer, enveloped, prepared, viewed } from '../support/sample-events.ts';

const test = suite('decide');

const base = { name: 'base', id: 1 };
const withBase = [prepared(1, 'k1'), committed(1, 'k1', 'base')];
const data = { id: 1, key: 'k1', parent: '', parentId: null, labels: {} };
const long = 'x'.repeat(4097);

test('Prepare assigns the next id', () => {
  given(...withBase)
    .when(prepare('k2', 'base', { labels: { a: 'b', empty: '' } }))
    .then({
      type: 'SnapshotPrepared',
      data: { id: 2, key: 'k2', kind: 'active', parent: 'base', parentId: 1, labels: { a: 'b' } },
    });
});

test('Prepare is refused if the parent is missing, before the key is checked', () => {
  given(prepared(1, 'k1')).when(prepare('k1', 'nobody')).refused('not-found', 'parent snapshot nobody: not found');
});

test('Prepare is refused if the parent is not committed', () => {
  given(prepared(1, 'k1')).when(prepare('k2', 'k1')).refused('invalid-argument', 'only a committed snapshot');
  given(...withBase, viewed(2, 'v', base))
    .when(prepare('k3', 'v'))
    .refused('invalid-argument', 'is view');
});

test('Prepare is refused if the key exists, as active, view or committed name', () => {
  given(prepared(1, 'k1')).when(prepare('k1')).refused('already-exists', 'snapshot k1: already exists');
  given(...withBase)
    .when(prepare('base'))
    .refused('already-exists', 'base');
});

test('Prepare is refused for invalid keys and labels', () => {
  given().when(prepare('')).refused('invalid-argument', 'key');
  given().when(prepare('a\0b')).refused('invalid-argument', 'NUL');
  given().when(prepare(long)).refused('invalid-argument', '4096');
  given()
    .when(prepare('k', '', { labels: { [long]: '1' } }))
    .refused('invalid-argument', '4096');
});

test('keys that look like paths are ordinary keys', () => {
  for (const key of ['../x', '/etc', 'a b', '"', 'ü', '.', '..'])
    given()
      .when(prepare(key))
      .then({ type: 'SnapshotPrepared', data: { ...data, key, kind: 'active' } });
});

test('View creates a view, without a parent only if the driver allows it', () => {
  given(...withBase)
    .when(prepare('v', 'base', { kind: 'view' }))
    .then({
      type: 'SnapshotPrepared',
      data: { id: 2, key: 'v', kind: 'view', parent: 'base', parentId: 1, labels: {} },
    });
  given()
    .when(prepare('v', '', { kind: 'view' }))
    .then({ type: 'SnapshotPrepared', data: { ...data, key: 'v', kind: 'view' } });
  given()
    .when(prepare('v', '', { kind: 'view' }), { viewsNeedParent: true })
    .refused('invalid-argument', 'views_need_parent');
});

test('Commit gives the name the parent of the key, and only its own labels', () => {
  given(...withBase, prepared(2, 'k2', base))
    .when(commit('k2', 'top', { labels: { x: 'y' } }))
    .then({
      type: 'SnapshotCommitted',
      data: { id: 2, key: 'k2', name: 'top', parent: 'base', parentId: 1, labels: { x: 'y' }, flushed: true },
    });
});

test('Commit describes an empty layer, which counts as flushed', () => {
  given(prepared(1, 'k1'))
    .when(commit('k1', 'base', { empty: emptyLayer }), { flushed: false })
    .then(committedEmpty(1, 'k1', 'base'));
});

test('Commit is refused if the key is missing, before the name is checked', () => {
  given(...withBase)
    .when(commit('nobody', 'base'))
    .refused('not-found', 'snapshot nobody: not found');
});

test('Commit is refused if the name exists', () => {
  given(...withBase, prepared(2, 'k2'))
    .when(commit('k2', 'base'))
    .refused('already-exists', 'snapshot base');
  given(prepared(1, 'k1')).when(commit('k1', 'k1')).refused('already-exists', 'k1');
});

test('Commit is refused for a view and for a committed snapshot', () => {
  given(...withBase, viewed(2, 'v', base))
    .when(commit('v', 'n'))
    .refused('failed-precondition', 'is view, not active');
  given(...withBase)
    .when(commit('base', 'n'))
    .refused('failed-precondition', 'is committed, not active');
});

test('Commit is refused for an invalid name or labels', () => {
  given(prepared(1, 'k1')).when(commit('k1', '')).refused('invalid-argument', 'name');
  given(prepared(1, 'k1')).when(commit('', 'n')).refused('invalid-argument', 'key');
  given(prepared(1, 'k1'))
    .when(commit('k1', 'n', { labels: { a: long } }))
    .refused('invalid-argument', '4096');
});

test('Commit accepts its own parent as parent, and refuses another', () => {
  const facts = [...withBase, prepared(2, 'k2', base), prepared(3, 'k3'), committed(3, 'k3', 'other')];
  given(...facts)
    .when(commit('k2', 'top', { parent: 'base' }))
    .then({
      type: 'SnapshotCommitted',
      data: { id: 2, key: 'k2', name: 'top', parent: 'base', parentId: 1, labels: {}, flushed: true },
    });
  given(...facts)
    .when(commit('k2', 'top', { parent: 'other' }))
    .refused('invalid-argument', 'its parent is base');
});

test('Commit rebases a parentless active onto a committed parent, if the driver can', () => {
  const facts = [...withBase, prepared(2, 'k2')];
  given(...facts)
    .when(commit('k2', 'top', { parent: 'base' }))
    .then({
      type: 'SnapshotCommitted',
      data: { id: 2, key: 'k2', name: 'top', parent: 'base', parentId: 1, labels: {}, flushed: true },
    });
  given(...facts)
    .when(commit('k2', 'top', { parent: 'base' }), { rebase: false })
    .refused('unimplemented', 'k2');
  given(...facts)
    .when(commit('k2', 'top', { parent: 'nobody' }))
    .refused('not-found', 'nobody');
  given(...facts)
    .when(commit('k2', 'top', { parent: 'k2' }))
    .refused('failed-precondition', 'is active');
});

test('Remove records the complete removed value', () => {
  given(...withBase)
    .when(remove('base'))
    .then({
      type: 'SnapshotRemoved',
      data: {
        ...data,
        key: 'base',
        kind: 'committed',
        created: 2_000_000_000n,
        updated: 2_000_000_000n,
        retained: false,
      },
    });
});

test('Remove is refused if the key is missing or has children, and says "remove"', () => {
  given().when(remove('nobody')).refused('not-found', 'nobody');
  given().when(remove('')).refused('invalid-argument', 'key');
  given(...withBase, prepared(2, 'k2', base))
    .when(remove('base'))
    .refused('failed-precondition', 'remove');
});

test('Update replaces all labels without a mask', () => {
  given(prepared(1, 'k1'))
    .when(update('k1', { labels: { a: 'b', gone: '' } }))
    .then({ type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: { a: '' }, after: { a: 'b' } } });
});

test('Update changes only the fields of the mask', () => {
  given(prepared(1, 'k1'), {
    type: 'SnapshotUpdated',
    data: { id: 1, key: 'k1', before: { a: '', b: '' }, after: { a: '1', b: '2' } },
  })
    .when(update('k1', { labels: { a: '9', c: '3' }, mask: ['labels.a', 'labels.b'] }))
    .then({
      type: 'SnapshotUpdated',
      data: { id: 1, key: 'k1', before: { a: '1', b: '2' }, after: { a: '9', b: '' } },
    });
});

test('Update neither sets nor deletes the label of a staged active', () => {
  const label = 'snapledger/staged-from';
  const labelled = {
    type: 'SnapshotUpdated',
    data: { id: 1, key: 'k1', before: {}, after: { [label]: '7' } },
  } as const;
  const unchanged = { type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: {}, after: {} } } as const;
  given(prepared(1, 'k1'), labelled)
    .when(update('k1', { labels: { a: 'b' } }))
    .then({ type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: { a: '' }, after: { a: 'b' } } });
  given(prepared(1, 'k1'), labelled)
    .when(update('k1', { labels: {}, mask: [`labels.${label}`] }))
    .then(unchanged);
  given(prepared(1, 'k1'))
    .when(update('k1', { labels: { [label]: '7' } }))
    .then(unchanged);
});

test('Update records only the changed labels, however many there are', () => {
  const names = Array.from({ length: 15 }, (_, index) => `l${index}`);
  const labels = Object.fromEntries(names.map((name) => [name, 'v'.repeat(4000)]));
  const empty = Object.fromEntries(names.map((name) => [name, '']));
  const filled = { type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: empty, after: labels } } as const;
  given(prepared(1, 'k1'), filled)
    .when(update('k1', { labels: { more: '1' }, mask: ['labels.more', 'labels.l0'] }))
    .then({
      type: 'SnapshotUpdated',
      data: { id: 1, key: 'k1', before: { l0: 'v'.repeat(4000), more: '' }, after: { l0: '', more: '1' } },
    });
});

test('labels beyond 64 KiB in total are refused at Prepare, View, Commit and Update', () => {
  const full = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [`${index}`.padEnd(96, 'x'), 'v'.repeat(4000)]),
  );
  const more = { ...full, x: '1' };
  for (const kind of ['active', 'view'] as const) {
    given()
      .when(prepare('k', '', { kind, labels: more }))
      .refused('invalid-argument', '65536 bytes together');
    given()
      .when(prepare('k', '', { kind, labels: full }))
      .then({ type: 'SnapshotPrepared', data: { ...data, key: 'k', kind, labels: full } });
  }
  given(prepared(1, 'k1'))
    .when(commit('k1', 'n', { labels: more }))
    .refused('invalid-argument', '65536 bytes together');
  const filled = { type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: {}, after: full } } as const;
  given(prepared(1, 'k1'), filled)
    .when(update('k1', { labels: { x: '1' }, mask: ['labels.x'] }))
    .refused('invalid-argument', '65536 bytes together');
  given(prepared(1, 'k1'), filled)
    .when(update('k1', { labels: more }))
    .refused('invalid-argument', '65536 bytes together');
});

test('the largest event of a command fits into an append to a cluster', () => {
  const filledWith = (from: number) =>
    Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [String.fromCharCode(from + index), '\u0001'.repeat(4095)]),
    );
  const key = '\u0002'.repeat(4096);
  const all = filledWith(1);
  const filled = { type: 'SnapshotUpdated', data: { id: 1, key, before: {}, after: all } } as const;
  const state = enveloped([prepared(1, key), filled]).reduce(evolve, emptyState());
  const command = update(key, { labels: filledWith(17) });
  const { events } = decide(state, command, {
    viewsNeedParent: false,
    rebase: true,
    reparent: true,
    flushed: true,
    retain: true,
  });
  const [event] = events;
  assert.ok(event !== undefined);
  const bytes = Buffer.byteLength(JSON.stringify(encodeEvent(event)));
  assert.ok(bytes > 800_000 && bytes < 850_000, `${bytes} bytes`);
});

test('Update that changes nothing is recorded, because it updates the time stamp', () => {
  given(prepared(1, 'k1'))
    .when(update('k1', { labels: { none: '' }, mask: ['labels.none', 'labels.other'] }))
    .then({ type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: {}, after: {} } });
});

test('Update is refused for a missing snapshot, other fields, and labels that are too long', () => {
  given().when(update('nobody', {})).refused('not-found', 'nobody');
  given().when(update('', {})).refused('invalid-argument', 'name');
  given(prepared(1, 'k1'))
    .when(update('k1', { mask: ['parent'] }))
    .refused('invalid-argument', 'parent');
  given(prepared(1, 'k1'))
    .when(update('k1', { labels: { [long]: '1' } }))
    .refused('invalid-argument', '4096');
});

test('Commit records whether the data was flushed before', () => {
  given(prepared(1, 'k1'))
    .when(commit('k1', 'n'), { flushed: false })
    .then({
      type: 'SnapshotCommitted',
      data: { id: 1, key: 'k1', name: 'n', parent: '', parentId: null, labels: {}, flushed: false },
    });
});

test.run();
