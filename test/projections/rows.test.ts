import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRows, type Rows } from '../../projections/from-rows.ts';
import { toRows } from '../../projections/rows.ts';
import { evolve, initialState, type State, thaw } from '../../projections/state.ts';
import { committed, enveloped, oneOfEach, prepared, removed } from '../support/sample-events.ts';

const test = suite('projections/rows');
const base = { name: 'base', id: 1 };
const state = enveloped([
  ...oneOfEach.slice(0, 2),
  prepared(1, 'k1'),
  committed(1, 'k1', 'base'),
  { type: 'UsageMeasured', data: { id: 1, bytes: 4096, inodes: 2 } },
  prepared(2, 'k2', base),
  prepared(3, 'k3', base),
  removed(3, 'k3'),
]).reduce(evolve, initialState);

test('a state comes back from its rows', () => {
  const rows = JSON.parse(JSON.stringify([...toRows(state)]));
  const back = fromRows(rows);
  assert.ok(either.isRight(back));
  assert.equal([...back.right.index].sort(), [...state.index].sort());
  assert.equal(back.right.storeInfo, state.storeInfo);
  assert.is(back.right.position, state.position);
  assert.equal([...back.right.volumes.wanted].sort(), [...state.volumes.wanted].sort());
  assert.equal([...back.right.volumes.pendingPurge], [...state.volumes.pendingPurge]);
  assert.equal([...back.right.usage], [...state.usage]);
  assert.equal([...(back.right.parentGraph.get(1)?.children ?? [])], [[2, true]]);
});

/** Rows with the lines that they are parsed from, as a file of them has. */
const withLines = (rows: Iterable<unknown>, shown = JSON.stringify): Rows => {
  const list = [...rows];
  const bytes = Buffer.from(list.map((row) => `${shown(row)}\n`).join(''));
  return { lines: { bytes, count: list.length }, [Symbol.iterator]: () => list.values() };
};

const whole = (rows: Rows): State => {
  const back = fromRows(rows);
  assert.ok(either.isRight(back), either.isLeft(back) ? back.left : '');
  return back.right;
};

/** Everything that a state holds, whatever the order. */
const contentOf = ({ position, storeInfo, index, parentGraph, volumes, usage }: State) => ({
  position,
  storeInfo,
  index: new Map(index),
  parentGraph: new Map(
    [...parentGraph].map(([id, { children, ...rest }]) => [id, { ...rest, children: [...children].sort() }]),
  ),
  volumes: Object.entries(volumes).map(([name, map]) => [name, new Map(map as Iterable<readonly [unknown, unknown]>)]),
  usage: new Map(usage),
});

test('lines give the state that their rows give, made only where somebody looks', () => {
  const events = enveloped([
    ...oneOfEach,
    ...['k"1', 'schön', 'a\\b', 'plain', '日本'].flatMap((key, at) => [
      prepared(100 + at, key, at > 2 ? base : undefined),
    ]),
  ]);
  const many = events.reduce(evolve, state);
  const rows = JSON.parse(JSON.stringify([...toRows(many)]));
  const deferred = whole(withLines(rows));
  assert.equal(contentOf(deferred), contentOf(whole(rows)));
  assert.equal([...toRows(deferred)], rows);
  for (const [key, snapshot] of many.index) {
    assert.equal(deferred.index.get(key), snapshot);
    assert.is(deferred.index.get(key), deferred.index.get(key));
  }
  assert.not(deferred.index.has('k'));
});

test('lines in any order give the same state', () => {
  const events = Array.from({ length: 300 }, (_, at) =>
    prepared(10 + at, `default/${at}/key`, at % 3 === 0 ? undefined : base),
  );
  const many = enveloped(events).reduce(evolve, state);
  const [life, ...rows] = JSON.parse(JSON.stringify([...toRows(many)])) as unknown[];
  for (const order of [rows.toReversed(), rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))]) {
    const deferred = whole(withLines([life, ...order]));
    for (const [key, snapshot] of many.index) assert.equal(deferred.index.get(key), snapshot);
    for (const [id, wanted] of many.volumes.wanted) assert.equal(deferred.volumes.wanted.peek(id), wanted);
    assert.equal(contentOf(deferred), contentOf(whole([life, ...rows])));
  }
});

test('a state that lines gave goes on like any other', () => {
  const later = enveloped([
    prepared(50, 'k50', base),
    removed(2, 'k2'),
    committed(50, 'k50', 'top'),
    removed(50, 'top'),
  ]);
  let [deferred, plain] = [whole(withLines(toRows(state))), state];
  const before = contentOf(deferred);
  const first = deferred;
  for (const envelope of later) {
    deferred = evolve(deferred, envelope);
    plain = evolve(plain, envelope);
    assert.equal(contentOf(deferred), contentOf(plain));
  }
  assert.equal(contentOf(first), before);
  assert.equal(contentOf(later.reduce(evolve, thaw(first))), contentOf(plain));
});

test('lines that are not as this release writes them are parsed', () => {
  const spaced = withLines(toRows(state), (row) => JSON.stringify(row).replaceAll(',', ', '));
  assert.equal(contentOf(whole(spaced)), contentOf(state));
  const [life, ...rows] = [...toRows(state)];
  const old = { row: 'snapshot', id: '8', key: 'k8', kind: 'view', parent: 'base', parentId: '1', labels: {} };
  const snapshot = { ...old, created: '5', updated: '6', prepared: '3', touched: false, flushed: false, usage: null };
  const mixed = whole(withLines([life, snapshot, ...rows]));
  assert.is(mixed.index.size, state.index.size + 1);
  assert.is(mixed.parentGraph.get(1)?.children.has(8), true);
  const twice = whole(withLines([life, ...rows, ...rows]));
  assert.equal(contentOf(twice), contentOf(state));
  const far = [2 ** 31, 'far', 'active'];
  const large = whole(withLines([life, [far, [null, null], {}, ['5', null], [3, true, false, null, null]]]));
  assert.is(large.index.get('far')?.id, 2 ** 31);
});

test('a line of cells that is no row is named, and one that lacks something inside when it is looked at', () => {
  const [life, row] = [...toRows(state)] as [unknown, unknown[]];
  for (const wrong of [[], [[1, 'k']], [[1, 'k', 'active'], [-1, null], {}, ['5', null], [1, true, true, null, null]]])
    assert.ok(either.isLeft(fromRows(withLines([life, wrong]))), JSON.stringify(wrong));
  const [identity, descent, , times, marks] = row;
  const late = whole(withLines([life, [identity, descent, { label: 7 }, times, marks]]));
  assert.throws(() => [...late.index], /row of a whole checkpoint is wrong: .*label/);
});

test('rows that are not a state are refused with the reason', () => {
  const [life, snapshot] = [...toRows(state)];
  for (const rows of [
    [],
    [snapshot],
    [life, { row: 'snapshot' }],
    [life, [[1, 'k']]],
    [life, { row: 'pendingPurge', id: 1 }],
    [life, null],
  ])
    assert.ok(either.isLeft(fromRows(rows)), JSON.stringify(rows));
});

test('a parent that is not living keeps its name, and a snapshot that was changed its two times', () => {
  const [life] = [...toRows(state)];
  const row = [[9, 'k9', 'active'], [7, 'gone'], {}, ['5', '6'], [3, true, false, null, null]];
  const back = fromRows([life, row]);
  assert.ok(either.isRight(back));
  const { parent, created, updated } = back.right.index.get('k9') ?? {};
  assert.equal([parent, created, updated], ['gone', 5n, 6n]);
  assert.equal([...toRows(back.right)].slice(1), [row]);
});

test('the empty state has one row', () => {
  assert.is([...toRows(initialState)].length, 1);
});

test.run();
