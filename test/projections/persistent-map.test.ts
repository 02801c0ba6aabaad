import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyMap } from '../../projections/persistent-map.ts';

const test = suite('projections/persistent-map');

test('set and delete leave the old map as it was', () => {
  const one = emptyMap<string, number>().set('a', 1);
  const two = one.set('b', 2);
  const none = two.delete('a').delete('b');
  assert.equal([...one], [['a', 1]]);
  assert.is(two.size, 2);
  assert.is(none.size, 0);
  assert.not(none.has('a'));
  assert.is(two.get('a'), 1);
  assert.is(two.get('absent'), undefined);
});

test('setting what is there already and deleting what is not answers the same map', () => {
  const map = emptyMap<number, string>().set(1, 'x');
  assert.is(map.set(1, 'x'), map);
  assert.is(map.delete(2), map);
});

test('keys whose hashes collide live side by side', () => {
  // Both strings have the same 32-bit hash, found by search.
  const [first, second, third] = colliding();
  const map = emptyMap<string, number>().set(first, 1).set(second, 2).set('other', 4);
  assert.is(map.get(first), 1);
  assert.is(map.get(second), 2);
  assert.is(map.set(second, 3).get(second), 3);
  assert.is(map.get(third), undefined);
  assert.equal([...map.delete(first)].length, 2);
  assert.is(map.delete(first).get(second), 2);
  assert.is(map.delete(first).delete(second).size, 1);
  assert.equal([...map.values()].sort(), [1, 2, 4]);
});

test('a hundred thousand keys are found again', () => {
  let map = emptyMap<number, number>().thaw();
  for (let i = 0; i < 100_000; i++) map = map.set(i * 64, i);
  const frozen = map.freeze();
  assert.is(frozen.size, 100_000);
  for (let i = 0; i < 100_000; i += 97) assert.is(frozen.get(i * 64), i);
  assert.is([...frozen.values()].length, 100_000);
});

test('a frozen map does not see what a later thaw of it does', () => {
  const frozen = emptyMap<string, number>().set('a', 1).thaw().set('b', 2).freeze();
  const thawed = frozen.thaw().set('a', 9).delete('b');
  assert.is(frozen.get('a'), 1);
  assert.is(frozen.get('b'), 2);
  assert.is(thawed.get('a'), 9);
  assert.is(thawed.size, 1);
});

/** Three strings of which the first two have one 32-bit FNV hash; the third has another. */
function colliding(): [string, string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const text = `k${i}`;
    let hash = 0x811c9dc5;
    for (const char of text) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    hash ^= hash >>> 15;
    const twin = seen.get(hash);
    if (twin !== undefined) return [twin, text, 'unlike'];
    seen.set(hash, text);
  }
}

test.run();
