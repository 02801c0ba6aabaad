import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { Change, differenceOf } from '../../../src/app/audit/difference.ts';
import { committed, enveloped, prepared, removed } from '../../support/sample-events.ts';

const test = suite('difference of two states');
const measured = (id: number, bytes: number): Event => ({ type: 'UsageMeasured', data: { id, bytes, inodes: 1 } });
const facts: readonly Event[] = [
  prepared(1, 'a'),
  committed(1, 'a', 'A'),
  measured(1, 100),
  prepared(2, 'b'),
  prepared(3, 'c'),
  committed(3, 'c', 'C'),
  measured(3, 40),
  removed(1, 'A'),
  { type: 'SnapshotUpdated', data: { id: 2, key: 'b', before: { x: '' }, after: { x: '1' } } },
];
const at = (position: number) => enveloped(facts).slice(0, position).reduce(evolve, emptyState());
const summary = (from: number, to: number) =>
  differenceOf(at(from), at(to)).changes.map(({ how, id, bytes }) => `${how} ${id} ${bytes}`);

test('has what appeared, vanished and changed, with the bytes', () => {
  assert.equal(summary(4, 9), ['vanished 1 -100', 'changed 2 0', 'appeared 3 40']);
  assert.equal(summary(1, 3), ['changed 1 100']);
  assert.equal(summary(9, 4), ['appeared 1 100', 'changed 2 0', 'vanished 3 -40']);
});

test('is empty between equal states, whatever happened between them', () => {
  assert.equal(summary(9, 9), []);
  assert.equal(summary(0, 0), []);
});

test('is plain JSON with --json', () => {
  const [change] = differenceOf(at(1), at(3)).changes.map(Change.encode);
  assert.equal(change, {
    how: 'changed',
    id: '1',
    before: { key: 'a', kind: 'active', labels: {}, bytes: null },
    after: { key: 'A', kind: 'committed', labels: {}, bytes: '100' },
    bytes: '100',
  });
});

test.run();
