import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { ancestors, childrenOf } from '../../projections/parent-graph.ts';
import { emptyState, evolve, type MutableState } from '../../projections/state.ts';
import {
  committed,
  committedEmpty,
  emptyLayer,
  enveloped,
  oneOfEach,
  prepared,
  removed,
  viewed,
} from '../support/sample-events.ts';

const test = suite('projected state');
const given = (...events: Event[]): MutableState => enveloped(events).reduce(evolve, emptyState());
const base = { name: 'base', id: 1 };
const removedData = { parent: '', parentId: null, labels: {}, created: 0n, updated: 0n };
const layers = [prepared(1, 'k1'), committed(1, 'k1', 'base'), prepared(2, 'k2', base)];

test('a prepared snapshot has its key, and the time of its event', () => {
  const state = given(prepared(1, 'k1'));
  assert.equal(state.index.get('k1'), {
    id: 1,
    key: 'k1',
    kind: 'active',
    parent: '',
    parentId: null,
    labels: {},
    created: 1_000_000_000n,
    updated: 1_000_000_000n,
  });
  assert.is(state.storeInfo.lastId, 1);
  assert.equal(state.volumes.wanted.get(1), {
    kind: 'active',
    prepared: 1,
    touched: false,
    flushed: false,
    diffId: null,
    parentless: true,
  });
});

test('a commit moves the snapshot from key to name and sets both times again', () => {
  const state = given(prepared(1, 'k1'), committed(1, 'k1', 'base'));
  assert.not(state.index.has('k1'));
  const snapshot = state.index.get('base');
  assert.is(snapshot?.kind, 'committed');
  assert.is(snapshot?.created, 2_000_000_000n);
  assert.is(snapshot?.updated, 2_000_000_000n);
  assert.is(state.parentGraph.get(1)?.key, 'base');
  assert.equal(state.volumes.wanted.get(1), {
    kind: 'committed',
    prepared: 1,
    touched: true,
    flushed: true,
    diffId: null,
    parentless: true,
  });
});

test('the description of an empty layer is kept until its volume is purged or lost, and not imported', () => {
  const layer = [prepared(1, 'k1'), committedEmpty(1, 'k1', 'base')];
  const kept = (...events: Event[]) => given(...layer, ...events).volumes.empty.get(1);
  const retained: Event = {
    type: 'SnapshotRemoved',
    data: { ...removedData, id: 1, key: 'base', kind: 'committed', retained: true },
  };
  assert.equal([kept(), kept(retained)], [emptyLayer, emptyLayer]);
  const ended: Event = { type: 'RetentionEnded', data: { id: 1, key: 'base', why: '' } };
  const lost: Event = { type: 'VolumeLost', data: { id: 1, key: 'base', why: '' } };
  const imported = oneOfEach.filter(({ type }) => type === 'StoreImported');
  for (const events of [[removed(1, 'base')], [retained, ended], [lost], imported])
    assert.is(kept(...events), undefined, events.map(({ type }) => type).join());
});

test('children are linked to their parent and unlinked when they are removed', () => {
  const state = given(...layers, viewed(3, 'v', base));
  assert.is(state.parentGraph.get(1)?.children, 2);
  assert.equal(childrenOf(state.parentGraph, 1), [2, 3]);
  assert.equal(ancestors(state.parentGraph, 1), [1]);
  const later = enveloped([removed(2, 'k2'), removed(3, 'v')], 4).reduce(evolve, state);
  assert.is(later.parentGraph.get(1)?.children, 0);
  assert.equal(childrenOf(state.parentGraph, 1), []);
  assert.equal([...later.volumes.pendingPurge].map(([id]) => id).sort(), [2, 3]);
  assert.equal(ancestors(later.parentGraph, 2), []);
});

test('a rebase at commit links the snapshot to its new parent', () => {
  const state = given(
    prepared(1, 'k1'),
    committed(1, 'k1', 'base'),
    prepared(2, 'k2'),
    committed(2, 'k2', 'top', base),
  );
  assert.is(state.index.get('top')?.parent, 'base');
  assert.is(state.parentGraph.get(1)?.children, 1);
  assert.equal(childrenOf(state.parentGraph, 1), [2]);
});

test('a removed volume is pending purge until it is purged', () => {
  const state = given(
    prepared(1, 'k1'),
    { type: 'UsageMeasured', data: { id: 1, bytes: 1, inodes: 1 } },
    removed(1, 'k1'),
  );
  assert.equal(state.volumes.pendingPurge.get(1), { since: 3, why: 'removed' });
  assert.not(state.index.has('k1'));
  assert.not(state.usage.has(1));
  const purged = enveloped([{ type: 'VolumePurged', data: { id: 1, why: '', bytes: 0 } }], 3).reduce(evolve, state);
  assert.is(purged.volumes.pendingPurge.size, 0);
});

test('an undone prepare that was rolled back is pending purge, and its id is not used again', () => {
  const state = given(prepared(1, 'k1'), {
    type: 'PrepareUndone',
    data: { id: 5, key: 'k1', step: 's', error: 'e', left: 'l', done: 'd' },
  });
  assert.is(state.index.get('k1')?.id, 1);
  assert.is(state.storeInfo.lastId, 5);
  assert.ok(state.volumes.pendingPurge.has(5));
});

test('an undone prepare frees the key, and its volume is pending purge', () => {
  const state = given(prepared(1, 'k1'), {
    type: 'PrepareUndone',
    data: { id: 1, key: 'k1', step: 's', error: 'e', left: 'l', done: 'd' },
  });
  assert.is(state.index.size, 0);
  assert.is(state.volumes.pendingPurge.get(1)?.why, 'prepare undone');
  assert.is(state.storeInfo.lastId, 1);
});

test('a lost volume removes its snapshot from the index', () => {
  const state = given(prepared(1, 'k1'), { type: 'VolumeLost', data: { id: 1, key: 'k1', why: 'gone' } });
  assert.is(state.index.size, 0);
  assert.is(state.parentGraph.size, 0);
  assert.is(state.volumes.wanted.size, 0);
  assert.is(state.volumes.pendingPurge.size, 0);
});

test('an update changes labels and the time', () => {
  const state = given(prepared(1, 'k1'), {
    type: 'SnapshotUpdated',
    data: { id: 1, key: 'k1', before: { a: '', gone: '' }, after: { a: 'b', gone: '' } },
  });
  assert.equal(state.index.get('k1')?.labels, { a: 'b' });
  assert.is(state.index.get('k1')?.created, 1_000_000_000n);
  assert.is(state.index.get('k1')?.updated, 2_000_000_000n);
  assert.ok(state.volumes.wanted.get(1)?.touched);
});

test('a snapshot that was taken over has the times, usage and place that containerd recorded', () => {
  const snapshot = { key: 'k', parent: 'base', parentId: 3, labels: {}, created: 7n, updated: 9n } as const;
  const base = { ...snapshot, id: 3, key: 'base', kind: 'committed', parent: '', parentId: null } as const;
  const counts = { committed: 1, actives: 1, views: 0, lastId: 12 };
  const state = given(
    { type: 'StoreTakenOver', data: { from: 'overlayfs', database: 'd', sha256: '', ...counts } },
    { type: 'SnapshotTakenOver', data: { ...base, usage: { bytes: 4096, inodes: 2 } } },
    { type: 'SnapshotTakenOver', data: { ...snapshot, id: 5, kind: 'active', usage: null } },
  );
  assert.equal(state.index.get('base'), base);
  assert.equal(state.index.get('k'), { ...snapshot, id: 5, kind: 'active' });
  assert.equal([...state.usage], [[3, { bytes: 4096, inodes: 2 }]]);
  assert.is(state.parentGraph.get(3)?.children, 1);
  assert.is(state.storeInfo.lastId, 12);
  const volume = { touched: true, diffId: null };
  assert.equal(state.volumes.wanted.get(3), {
    ...volume,
    kind: 'committed',
    prepared: 2,
    flushed: true,
    parentless: true,
  });
  assert.equal(state.volumes.wanted.get(5), {
    ...volume,
    kind: 'active',
    prepared: 3,
    flushed: false,
    parentless: false,
  });
});

test('usage is kept by id', () => {
  const state = given(...layers, { type: 'UsageMeasured', data: { id: 1, bytes: 4096, inodes: 1 } });
  assert.equal(state.usage.get(1), { bytes: 4096, inodes: 1 });
});

test('usage measured elsewhere is not imported with a store', () => {
  const imported = {
    type: 'StoreImported',
    data: { from: 'overlay', driver: 'btrfs', position: 4, volumes: true },
  } as const;
  const measured = { type: 'UsageMeasured', data: { id: 1, bytes: 4096, inodes: 1 } } as const;
  assert.is(given(...layers, measured, imported).usage.size, 0);
  assert.is(given(...layers, measured, imported, measured).usage.size, 1);
});

test('store info: a crash is distinguished from an orderly end', () => {
  const [created, opened, closed] = oneOfEach;
  assert.ok(created && opened && closed);
  const open = given(created, opened);
  assert.is(open.storeInfo.id, '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11');
  assert.is(open.storeInfo.driver, 'overlay');
  assert.ok(open.storeInfo.open);
  assert.is(open.storeInfo.opened, 2);
  assert.not(given(created, opened, closed).storeInfo.open);
});

test('ids of quarantined and purged orphans are never assigned again', () => {
  const orphan = { path: 'snapshots/9', moved: '', why: '', bytes: 0 };
  assert.is(given({ type: 'OrphanQuarantined', data: { ...orphan, id: 9 } }).storeInfo.lastId, 9);
  assert.is(given({ type: 'OrphanPurged', data: { ...orphan, id: 8 } }).storeInfo.lastId, 8);
  assert.is(given({ type: 'OrphanPurged', data: { ...orphan, id: null } }).storeInfo.lastId, 0);
});

test('after a repair no lost id is assigned again, and nothing before it counts as unanswered', () => {
  const place = { file: 'f', offset: 0, what: '', first: 3, last: 9 };
  const data = { ...place, done: 'truncated', readable: 0, unreadable: 7, kept: 'log/damaged-3', lastId: 8 } as const;
  const { storeInfo } = given(prepared(1, 'k1'), { type: 'LogRepaired', data });
  assert.equal([storeInfo.lastId, storeInfo.opened], [8, 2]);
});

test('events that do not fit the state change nothing but the position', () => {
  const whole = ['SnapshotPrepared', 'SnapshotTakenOver', 'SnapshotRestored'];
  const strangers = oneOfEach.filter(({ type }) => !type.startsWith('Store') && !whole.includes(type));
  const state = given(prepared(1, 'k1'));
  for (const event of strangers.filter(({ type }) => type !== 'SnapshotCommitted')) {
    const [envelope] = enveloped([event], 1);
    assert.ok(envelope);
    const before = [[...state.index], [...state.parentGraph]];
    evolve(state, envelope);
    assert.equal([[...state.index], [...state.parentGraph]], before, event.type);
    assert.is(state.position, 2);
  }
});

test.run();
