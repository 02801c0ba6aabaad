import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLatest } from '../../../projections/latest/latest.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import { EventColumns, Names } from '../../../src/app/console/events/event-columns.ts';
import { createKept } from '../../../src/app/console/states/kept-states.ts';
import { committed, enveloped, prepared } from '../../support/sample-events.ts';

const test = suite('what the console keeps');

/** States of their own, after some positions of one log. */
function statesAt(positions: readonly number[]): readonly State[] {
  const ids = Array.from({ length: 200 }, (_, at) => at + 1);
  const all = enveloped(
    ids.flatMap((id) => [prepared(id, `ns/${id}/key`), committed(id, `ns/${id}/key`, `ns/${id}/n`)]),
  );
  return positions.map((position) => all.slice(0, position).reduce(evolve, emptyState()));
}

const above = (base: State, position: number): State => {
  const { state } = createLatest(base);
  return Object.assign(state, { position });
};

test('states: changes over a state are forgotten with it, and so hold no memory that is not counted', () => {
  const [first, ...others] = statesAt([100, 150, 200, 250, 300]) as [State, ...State[]];
  const kept = createKept(1);
  kept.add(first);
  kept.add(above(first, 110), first);
  for (const other of others) kept.add(other);
  assert.is(kept.find(100), undefined);
  assert.is(kept.find(110), undefined, 'the base is gone');
});

test('states: what is used keeps the state below it', () => {
  const [first, second, third, fourth] = statesAt([100, 150, 200, 250]) as [State, State, State, State];
  const kept = createKept(1);
  kept.add(first);
  const over = kept.add(above(first, 110), first);
  kept.add(second);
  assert.is(kept.find(110), over);
  kept.add(third);
  assert.is(kept.find(150), undefined, 'the least recently used');
  assert.equal([kept.find(100), kept.find(110)], [first, over]);
  kept.add(fourth);
  assert.equal([kept.find(100), kept.find(110)], [first, over]);
});

test('states: changes over a state that was forgotten meanwhile are not kept', () => {
  const [first] = statesAt([100]) as [State];
  const kept = createKept(1_000_000);
  const over = above(first, 110);
  assert.is(kept.add(over, first), over);
  assert.is(kept.find(110), undefined);
});

test('names: texts beyond the limit share the last number and are not kept', () => {
  const names = new Names(3);
  assert.equal(
    ['a', 'b', 'c', 'd', 'e', 'a'].map((text) => names.numberOf(text)),
    [0, 1, 2, 2, 2, 0],
  );
  assert.equal(names.texts, ['a', 'b', 'c']);
  assert.equal([names.find('b'), names.find('d')], [1, 2]);
  assert.is(new EventColumns(0).namespaces.find('none'), undefined);
});

test.run();
