import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyMap, mapOf } from '../../projections/persistent-map.ts';

const test = suite('property/persistent-map');
const key = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer());
const change = fc.record({
  key,
  value: fc.option(fc.nat(), { nil: undefined }),
  turn: fc.constantFrom('', 'thaw', 'freeze'),
});

test('any sequence of changes gives what a Map gives, and never changes an older frozen map', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const model = new Map<number, number>();
      let map = emptyMap<number, number>();
      const kept: { map: typeof map; model: Map<number, number> }[] = [];
      for (const { key, value, turn } of changes) {
        if (turn === 'freeze') {
          map = map.freeze();
          kept.push({ map, model: new Map(model) });
          map = map.thaw();
        }
        if (value === undefined) model.delete(key);
        else model.set(key, value);
        map = value === undefined ? map.delete(key) : map.set(key, value);
        assert.is(map.size, model.size);
        assert.is(map.get(key), model.get(key));
      }
      for (const pair of [...kept, { map, model }]) assert.equal(new Map(pair.map), pair.model);
    }),
    { numRuns: 200 },
  );
});

test('a map built at once is like one that grew', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('a', 'b'), fc.constantFrom('costarring', 'liquid'));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.oneof(key, text), fc.nat())), fc.array(change), (entries, changes) => {
      const model = new Map<number | string, number>(entries);
      let map = mapOf<number | string, number>(entries);
      assert.equal([map.size, new Map(map)], [model.size, model]);
      for (const { key, value } of changes) {
        if (value === undefined) model.delete(key);
        else model.set(key, value);
        map = value === undefined ? map.delete(key) : map.set(key, value);
      }
      assert.equal([map.size, new Map(map)], [model.size, model]);
    }),
    { numRuns: 200 },
  );
});

test.run();
