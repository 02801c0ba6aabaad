import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deferredMap, emptyMap, mapOf } from '../../projections/persistent-map.ts';
import { hashOf, orderOf } from '../../projections/trie-nodes.ts';

const test = suite('property/persistent-map');
const key = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer());
const change = fc.record({
  key,
  value: fc.option(fc.nat(), { nil: undefined }),
  turn: fc.constantFrom('', 'thaw', 'freeze'),
});

test('any sequence of changes gives what a Map gives, and never changes an older frozen map', async () => {
  await fc.assert(
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

test('a map built at once is like one that grew', async () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('a', 'b'), fc.constantFrom('costarring', 'liquid'));
  await fc.assert(
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

test('a map whose entries are deferred is like one that grew, whatever was looked at before', async () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('costarring', 'liquid', 'declinate', 'macallums'));
  await fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(key, text)),
      fc.array(
        fc.record({
          key: fc.oneof(key, text),
          deed: fc.constantFrom('get', 'peek', 'set', 'delete', 'values', 'each'),
        }),
      ),
      (keys, deeds) => {
        const leaves = keys.map((one) => ({ hash: hashOf(one), key: one, value: `${one}` }));
        leaves.sort((a, b) => orderOf(a.hash) - orderOf(b.hash));
        const first = deferredMap<number | string, string>({
          size: leaves.length,
          hashAt: (at) => leaves[at]?.hash ?? 0,
          leafAt: (at) => ({ ...(leaves[at] as (typeof leaves)[0]) }),
        });
        const model = new Map<number | string, string>(keys.map((one) => [one, `${one}`]));
        let map = first;
        for (const { key, deed } of deeds) {
          if (deed === 'set') map = map.set(key, 'new');
          if (deed === 'delete') map = map.delete(key);
          if (deed === 'set') model.set(key, 'new');
          if (deed === 'delete') model.delete(key);
          if (deed === 'values') assert.equal([...map.values()].sort(), [...model.values()].sort());
          if (deed === 'each') {
            const visited = new Map<number | string, string>();
            map.each((visitedKey, value) => visited.set(visitedKey, value));
            assert.equal([visited, new Map(map)], [model, model]);
          }
          assert.is(map.peek(key), model.get(key));
          if (deed === 'peek') continue;
          assert.equal([map.get(key), map.has(key), map.size], [model.get(key), model.has(key), model.size]);
        }
        assert.equal(new Map(map), model);
        assert.equal(new Map(first), new Map(keys.map((one) => [one, `${one}`])));
      },
    ),
    { numRuns: 300 },
  );
});

test.run();
