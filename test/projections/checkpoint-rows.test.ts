import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../projections/state.ts';
import {
  committed,
  committedEmpty,
  enveloped,
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
const contentOf = ({ position, storeInfo, index, parentGraph, volumes, usage }: State) => ({
  position,
  storeInfo,
  maps: [index, parentGraph, ...Object.values(volumes), usage].map((map) => new Map(map as Map<unknown, unknown>)),
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

test('a store without a named node has the row that earlier releases write and read', () => {
  const state = given();
  const [, , without] = asJson(toRows(state))[0] as [string, number, object];
  assert.not.ok('node' in without);
  const event = opened('b');
  const named = evolve(
    state,
    enveloped([{ ...event, data: { ...event.data, node: sampleNode } }], state.position)[0] as never,
  );
  const rows = asJson(toRows(named));
  assert.equal((rows[0] as [string, number, object])[2], {
    ...without,
    ...{ opened: named.position, boot: 'b', root: event.data.root, node: sampleNode },
  });
  assert.equal(contentOf(loaded(rows)), contentOf(named));
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
