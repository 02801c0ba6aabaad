import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyMap } from '../../projections/persistent-map.ts';

const test = suite('projections/persistent-map');
const one = emptyMap<number, string>().set(7, 'seven');

test('a map of one entry is like any other', () => {
  assert.equal([one.size, one.get(7), one.get(8), one.has(7), one.has(8)], [1, 'seven', undefined, true, false]);
  assert.equal([...one], [[7, 'seven']]);
  assert.equal([...one.values()], ['seven']);
  assert.is(one.freeze(), one);
  assert.is(one.set(7, 'seven'), one);
  assert.equal([...one.set(7, 'sept')], [[7, 'sept']]);
  assert.is(one.delete(8), one);
  assert.is(one.delete(7).size, 0);
  assert.equal([...one.set(8, 'eight')].sort(), [
    [7, 'seven'],
    [8, 'eight'],
  ]);
});

test('thawed, it changes in place and leaves the one that it came from', () => {
  const thawed = one.thaw();
  assert.is(thawed.set(8, 'eight'), thawed);
  assert.equal([thawed.size, one.size], [2, 1]);
});

test('numbers that differ only beyond 30 bits keep apart', () => {
  const far = 5 + 2 ** 30;
  const map = emptyMap<number, string>()
    .set(5, 'near')
    .set(far, 'far')
    .set(2 ** 40 + 5, 'farther');
  assert.equal([map.get(5), map.get(far), map.get(2 ** 40 + 5), map.size], ['near', 'far', 'farther', 3]);
  assert.equal([...map.delete(far).values()].sort(), ['farther', 'near']);
});

test('ids that follow each other stand in their order', () => {
  let map = emptyMap<number, true>().thaw();
  for (let id = 2000; id > 0; id--) map = map.set(id, true);
  assert.equal(
    Array.from(map, ([id]) => id),
    Array.from({ length: 2000 }, (_, index) => index + 1),
  );
});

test.run();
