import { either } from 'fp-ts';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Whole } from '../../events/codecs.ts';
import type { Event } from '../../events/registry.ts';
import { Root } from '../../events/store-events.ts';
import { areComplete, fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../projections/state.ts';
import {
  committed,
  committedEmpty,
  enveloped,
  imageGone,
  imageSeen,
  oneOfEach,
  opened,
  prepared,
  removed,
  sampleNode,
} from '../support/sample-events.ts';

const test = suite('checkpoint rows');
const base = { name: 'base', id: 1 };
const events = enveloped([
  ...oneOfEach.slice(0, 2),
  prepared(1, 'k"1'),
  committed(1, 'k"1', 'base'),
  { type: 'UsageMeasured', data: { id: 1, bytes: 4096, inodes: 2 } },
  prepared(2, 'schön', base),
  { type: 'SnapshotUpdated', data: { id: 2, key: 'schön', before: { a: '' }, after: { a: '1' } } },
  prepared(3, 'k3', base),
  removed(3, 'k3'),
  prepared(5, 'k5', base),
  committedEmpty(5, 'k5', 'nothing', base),
]);
const given = (): MutableState => events.reduce(evolve, emptyState());
const asJson = (rows: Iterable<unknown>): unknown[] => JSON.parse(JSON.stringify([...rows]));

const loaded = (rows: Iterable<unknown>): MutableState => {
  const state = fromRows(rows);
  assert.ok(either.isRight(state), either.isLeft(state) ? state.left : '');
  return state.right;
};

/** Everything that a state holds, whatever the order. */
const contentOf = ({ position, storeInfo, index, parentGraph, volumes, usage, images }: State) => ({
  position,
  storeInfo,
  maps: [index, parentGraph, ...Object.values(volumes), usage, images].map(
    (map) => new Map(map as Map<unknown, unknown>),
  ),
});

test('a state is loaded from its rows', () => {
  const state = given();
  const rows = asJson(toRows(state));
  assert.equal(contentOf(loaded(rows)), contentOf(state));
  assert.equal(asJson(toRows(loaded(rows))), rows);
});

test('show the state at the call, whatever is folded in before they are read', () => {
  const state = given();
  const expected = asJson(toRows(state));
  const rows = toRows(state);
  enveloped([prepared(4, 'k4', base), removed(2, 'schön'), committed(4, 'k4', 'top')], state.position).reduce(
    evolve,
    state,
  );
  assert.equal(asJson(rows), expected);
});

test('a loaded state is folded like any other', () => {
  const [first, second] = [given(), loaded(asJson(toRows(given())))];
  const later = enveloped([prepared(4, 'k4', base), removed(2, 'schön'), committed(4, 'k4', 'top')], first.position);
  for (const envelope of later) assert.equal(contentOf(evolve(second, envelope)), contentOf(evolve(first, envelope)));
});

type StoreRow = readonly [string, number, Readonly<Record<string, unknown>>];
const storeRowOf = (rows: readonly unknown[]) => rows[0] as StoreRow;
const then = (state: MutableState, ...events: readonly Event[]) =>
  enveloped(events, state.position).reduce(evolve, state);
const openedHere: Event = { type: 'StoreOpened', data: { ...opened('b').data, node: sampleNode } };

test('a store without node and images has the row that earlier releases write', () => {
  const rows = asJson(toRows(given()));
  assert.not.ok('more' in storeRowOf(rows)[2]);
  assert.is(areComplete(rows), false);
});

test('node and images are loaded as they were', () => {
  const state = then(
    given(),
    openedHere,
    imageSeen('a', 'sha256:1', ['sha256:2', 'sha256:3']),
    imageSeen('b', 'sha256:1', null),
    imageSeen('__proto__', 'sha256:1'),
    imageSeen('c', 'sha256:1'),
    imageGone('c'),
  );
  const rows = asJson(toRows(state));
  assert.equal(storeRowOf(rows)[2].more, {
    at: state.position,
    images: [
      ['k8s.io', 'a', 'sha256:1', ['sha256:2', 'sha256:3']],
      ['k8s.io', 'b', 'sha256:1', null],
      ['k8s.io', '__proto__', 'sha256:1', []],
    ],
    node: sampleNode,
  });
  assert.equal(contentOf(loaded(rows)), contentOf(state));
  assert.equal(asJson(toRows(loaded(rows))), rows);
  assert.is(areComplete(rows), true);
});

/** The store's row as releases before nodes and images decoded it, and encoded it later. */
const earlierRow = t.tuple([
  t.literal('store'),
  Whole,
  t.type({
    ...{ id: t.string, driver: t.string, lastId: Whole, opened: Whole, boot: t.string },
    root: t.union([t.null, Root]),
    ...{ open: t.boolean, uptime: t.union([t.null, Whole]), elapsed: Whole },
  }),
]);

test('an earlier release loads the rows, and what it saves of node and images later is not believed', () => {
  const state = then(given(), openedHere, imageSeen('a', 'sha256:1'));
  const [row, ...others] = asJson(toRows(state));
  const decoded = earlierRow.decode(row);
  assert.ok(either.isRight(decoded));
  const [kind, position, info] = decoded.right;
  assert.is(info.lastId, state.storeInfo.lastId);
  const saved = earlierRow.encode([kind, position + 1, { ...info, boot: 'c' }]);
  const again = loaded([saved, ...others]);
  assert.equal([again.images.size, again.storeInfo.node, again.storeInfo.boot], [0, undefined, 'c']);
  assert.is(areComplete([saved, ...others]), false);
  assert.is(areComplete([row, ...others]), true);
});

test('invalid rows are refused with the reason', () => {
  const [store, snapshot] = asJson(toRows(given()));
  assert.equal(fromRows([]), either.left('there is no row'));
  for (const rows of [
    [snapshot],
    [store, store],
    [store, ['snapshot', 1]],
    [store, ['usage', [[1, '2', 3]]]],
    [store, null],
  ])
    assert.ok(either.isLeft(fromRows(rows)), JSON.stringify(rows));
});

test('a parent that is not live keeps its name, and a changed snapshot its two times', () => {
  const [store] = asJson(toRows(given()));
  const row = ['snapshot', [9, 'k9', 'active'], [7, 'gone'], {}, ['5', '6']];
  const state = loaded([store, row]);
  const { parent, created, updated } = state.index.get('k9') ?? {};
  assert.equal([parent, created, updated], ['gone', 5n, 6n]);
  assert.equal([...toRows(state)].slice(1), [row]);
});

test('the empty state has one row', () => {
  assert.is([...toRows(emptyState())].length, 1);
});

test.run();
