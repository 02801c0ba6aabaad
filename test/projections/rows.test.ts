import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRows } from '../../projections/from-rows.ts';
import { toRows } from '../../projections/rows.ts';
import { evolve, initialState } from '../../projections/state.ts';
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
  assert.equal(back.right.life, state.life);
  assert.is(back.right.position, state.position);
  assert.equal([...back.right.volumes.wanted].sort(), [...state.volumes.wanted].sort());
  assert.equal([...back.right.volumes.doomed], [...state.volumes.doomed]);
  assert.equal([...back.right.usage], [...state.usage]);
  assert.equal([...(back.right.lineage.get(1)?.children ?? [])], [[2, true]]);
});

test('rows that are not a state are refused with the reason', () => {
  const [life, snapshot] = [...toRows(state)];
  for (const rows of [
    [],
    [snapshot],
    [life, { row: 'snapshot' }],
    [life, [[1, 'k']]],
    [life, { row: 'doomed', id: 1 }],
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
